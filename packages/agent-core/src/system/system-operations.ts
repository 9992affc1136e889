import { SystemServiceLite } from '@innkeeper/contract/agent-lite';
import { immediateOperation, type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { setWallClock } from '../telemetry/set-wall-clock.ts';
import { changeSettings, readSettings } from './settings.ts';
import { askTimeService } from './time-service.ts';

/** SyncClock, GetSettings and ChangeSettings. */
export function systemOperations(host: Host): Operation[] {
  const { clock } = host;
  return [
    unaryOperation(SystemServiceLite.syncClock, async ({ setUnixNs }) => {
      const before = clock.wallTimeNs() - clock.monotonicNs();
      const asked = setUnixNs === undefined ? await askTimeService(host) : undefined;
      if (setUnixNs !== undefined) setWallClock(clock, setUnixNs);
      const now = clock.wallTimeNs();
      return { ...asked, wallTimeUnixNs: now, movedNs: now - clock.monotonicNs() - before };
    }),
    immediateOperation(SystemServiceLite.getSettings, () => readSettings(host)),
    unaryOperation(SystemServiceLite.changeSettings, async (request) => {
      await changeSettings(host, request);
      return readSettings(host);
    }),
  ];
}

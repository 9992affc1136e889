import { HardwareClock, SystemServiceLite } from '@innkeeper/contract/agent-lite';
import { type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { setWallClock } from '../telemetry/set-wall-clock.ts';
import { checkHardwareClock, useHardwareClock } from './hardware-clock.ts';
import { changeSettings, readSettings } from './settings.ts';
import { askTimeService } from './time-service.ts';
import { readOffset } from './utc-offset.ts';

/** SyncClock, GetSettings and ChangeSettings. */
export function systemOperations(host: Host): Operation[] {
  const { clock } = host;
  return [
    unaryOperation(SystemServiceLite.syncClock, async ({ setUnixNs, hardwareClock }) => {
      checkHardwareClock(hardwareClock, setUnixNs);
      const before = clock.wallTimeNs() - clock.monotonicNs();
      const isAsked = setUnixNs === undefined && hardwareClock !== HardwareClock.READ;
      const asked = isAsked ? await askTimeService(host) : undefined;
      if (setUnixNs !== undefined) setWallClock(clock, setUnixNs);
      const problem = await useHardwareClock(host, hardwareClock);
      const now = clock.wallTimeNs();
      return { ...asked, ...problem, wallTimeUnixNs: now, movedNs: now - clock.monotonicNs() - before };
    }),
    unaryOperation(SystemServiceLite.getSettings, async ({ withOffset }) =>
      withOffset ? { ...readSettings(host), ...(await readOffset(host)) } : readSettings(host),
    ),
    unaryOperation(SystemServiceLite.changeSettings, async (request) => {
      await changeSettings(host, request);
      return readSettings(host);
    }),
  ];
}

import type { Power } from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';

/** A disk that does not take its data within this time will not take it later either. */
const syncTimeoutMs = 20_000;

const modes = { poweroff: 0, reboot: 1, halt: 2 } as const;

export function createPower(helpers: HelperPool): Power {
  return {
    rebootNow: async (mode) => {
      const work = (): string => {
        host.sync();
        return 'done';
      };
      // A sync that hangs must not keep the guest from going down.
      await helpers.run('sync', work, syncTimeoutMs).catch(() => undefined);
      host.reboot(modes[mode]);
    },
  };
}

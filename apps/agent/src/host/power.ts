import type { Power } from '@innkeeper/agent-core';
import * as host from 'host';
import type { HelperPool } from './helper-pool.ts';

/** Milliseconds to wait for the disks; a sync that takes longer will probably never end. */
const syncTimeoutMs = 20_000;

const modes = { poweroff: 0, reboot: 1, halt: 2 } as const;

export function createPower(helpers: HelperPool): Power {
  return {
    rebootNow: async (mode) => {
      const work = (): string => {
        host.sync();
        return 'done';
      };
      // A hanging sync must not prevent the shutdown.
      await helpers.run('sync', work, syncTimeoutMs).catch(() => undefined);
      host.reboot(modes[mode]);
    },
  };
}

import type { Host } from '@innkeeper/agent-core';
import * as host from 'host';
import { createBytes } from './bytes.ts';
import { createClock } from './clock.ts';
import { createFiles } from './files.ts';
import { HelperPool } from './helper-pool.ts';
import { createJobs } from './jobs.ts';
import { createNetwork } from './network.ts';
import { createPower } from './power.ts';
import { createProcesses } from './processes.ts';
import { Reaper } from './reaper.ts';
import { onEverySignal } from './signals.ts';
import { createSystem } from './system.ts';

const SIGCHLD = 17;

/** The world as the C layer gives it. One for the whole program: signals and children have one owner. */
export function createQuickJsHost(): Host {
  // Modes of files are given whole; programs get the mask that the agent was started with.
  const umask = host.umask(0);
  const reaper = new Reaper();
  onEverySignal(SIGCHLD, () => reaper.reap());
  const helpers = new HelperPool(reaper);
  const processes = createProcesses(reaper, umask);
  return {
    clock: createClock(),
    files: createFiles(helpers),
    processes,
    network: createNetwork(),
    power: createPower(helpers),
    bytes: createBytes(),
    jobs: createJobs(reaper, helpers, umask),
    system: createSystem(processes.subreaper),
  };
}

import type { Bytes, Host, SystemPort } from '@innkeeper/agent-core';
import * as host from 'host';
import type { TakenOver } from '../handover/take-over.ts';
import { agentVersion } from '../version.ts';
import { createClock } from './clock.ts';
import { createFiles } from './files.ts';
import { createFreezer } from './freezer.ts';
import { HelperPool } from './helper-pool.ts';
import { createJobs } from './jobs.ts';
import { createNetwork } from './network.ts';
import { createPower } from './power.ts';
import { createProcesses } from './processes.ts';
import { createProgram } from './program.ts';
import { Reaper } from './reaper.ts';
import { onEverySignal } from './signals.ts';
import { WriteHold } from './write-hold.ts';

const SIGCHLD = 17;

/** The Host of agent-core on the C layer. One per program: signals and children have one owner. */
export function createQuickJsHost(taken?: TakenOver): Host {
  // File modes are passed explicitly; programs get the umask that the agent was started with.
  const own = host.umask(0);
  const umask = taken?.umask ?? own;
  const reaper = new Reaper();
  onEverySignal(SIGCHLD, () => reaper.reap());
  const helpers = new HelperPool(reaper);
  const hold = new WriteHold();
  const processes = createProcesses(reaper, umask);
  return {
    clock: createClock(),
    files: createFiles(helpers, hold),
    processes,
    network: createNetwork(),
    freezer: createFreezer(reaper, helpers, hold),
    power: createPower(helpers),
    bytes: createBytes(),
    jobs: createJobs(reaper, helpers, umask),
    system: createSystem(processes.subreaper),
    program: createProgram(reaper, umask, taken?.agent),
  };
}

function createBytes(): Bytes {
  return {
    crc32c: host.crc32c,
    putCrc32c: host.putCrc32c,
    hasCrc32c: host.hasCrc32c,
    matches: host.matches,
    countLeadingZeros: host.countLeadingZeros,
    encodeBase64: host.encodeBase64,
    decodeBase64: host.decodeBase64,
    createSha256: () => {
      const stream = host.sha256New();
      return { update: (bytes) => host.sha256Update(stream, bytes), digest: () => host.sha256Digest(stream) };
    },
    random: host.random,
  };
}

function createSystem(subreaper: boolean): SystemPort {
  const { pid, clockTicksPerSecond, pageSizeBytes, pidfd } = host.constants();
  const supported = { openat2: host.supportsOpenat2(), pidfd, subreaper };
  return {
    agentVersion,
    pid,
    uname: host.uname,
    addEntropy: host.addEntropy,
    kernelLogEnd: host.kernelLogEnd,
    clockTicksPerSecond,
    pageSizeBytes,
    supports: (feature) => supported[feature],
  };
}

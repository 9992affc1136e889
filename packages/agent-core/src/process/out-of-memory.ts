import type { Host, ProcessExit } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { SIGKILL } from './signals.ts';

/** The end of the kernel's log that is read: a kill is a page of records, and long ago if more has come after it. */
const logBytes = 64 * 1024;
/** The kernel's log may count time a little differently from the monotonic clock. */
const slackMs = 1000;

/** Of a shell whose child was killed. */
const killedExitCode = 128 + SIGKILL;
/** A shell exits that soon after its child. */
const soonMs = 2000;

export interface EndedCommand {
  readonly pid: number;
  readonly exit: Pick<ProcessExit, 'exitCode' | 'signal'>;
  /** When it was started, by the monotonic clock. */
  readonly startedMs: number;
}

/**
 * Whether the kernel killed a command because memory ran out, as the end of its log says. A command that exited with 137
 * counts if the kernel killed any process just before: the log does not say whose child it was. False where the log cannot
 * be read, or has no times (printk.time=0). Only the kernel's own records count: processes may write others.
 */
export function wasOutOfMemory(host: Host, { pid, exit, startedMs }: EndedCommand): boolean {
  if (exit.signal !== SIGKILL && exit.exitCode !== killedExitCode) return false;
  const isItself = exit.signal === SIGKILL;
  const sinceMs = Math.max(startedMs, isItself ? 0 : host.clock.monotonicMs() - soonMs) - slackMs;
  return readLogEnd(host)
    .split('\n')
    .some((line) => {
      const victim = readVictim(line, sinceMs);
      return victim !== undefined && (!isItself || victim === pid);
    });
}

function readLogEnd(host: Host): string {
  try {
    return host.system.kernelLogEnd(logBytes);
  } catch (error) {
    // EPERM (kernel.dmesg_restrict), ENOSYS: the log is not there for us.
    if (isHostError(error)) return '';
    throw error;
  }
}

/**
 * The process of a line like "<6>[ 5140.900000] oom-kill:constraint=…,task_memcg=/,task=tail,pid=123,uid=0". The kernel
 * puts its prefix before every line of a record.
 */
function readVictim(line: string, sinceMs: number): number | undefined {
  const [, facility, seconds, pid] =
    /^<(\d+)>\[ *(\d+\.\d+)\](?:\[[^\]]*\])? oom-kill:.*,pid=(\d+),uid=\d+$/.exec(line) ?? [];
  // Facility 0 is the kernel's; the lower three bits are the priority.
  return pid === undefined || Number(facility) > 7 || Number(seconds) * 1000 < sinceMs ? undefined : Number(pid);
}

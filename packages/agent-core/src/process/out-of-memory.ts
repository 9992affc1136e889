import { openOptions } from '../file/open-options.ts';
import type { Host, ProcessExit } from '../host.ts';
import { hasErrno, isHostError } from '../host-error.ts';
import { SIGKILL } from './signals.ts';

/** Of the kernel: CONSOLE_EXT_LOG_MAX. */
const recordBytes = 8192;
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
 * Whether the kernel killed a command because memory ran out, as its log says. A command that exited with 137 counts if the
 * kernel killed any process just before: the log does not say whose child it was. False where the log cannot be read. Only
 * the kernel's own records count: processes may write others.
 */
export function wasOutOfMemory(host: Host, { pid, exit, startedMs }: EndedCommand): boolean {
  if (exit.signal !== SIGKILL && exit.exitCode !== killedExitCode) return false;
  const isItself = exit.signal === SIGKILL;
  const sinceMs = Math.max(startedMs, isItself ? 0 : host.clock.monotonicMs() - soonMs) - slackMs;
  try {
    const file = host.files.open('/dev/kmsg', openOptions({ nonBlocking: true }));
    try {
      const bytes = new Uint8Array(recordBytes);
      const decoder = new TextDecoder();
      for (;;) {
        const count = nextRecord(host, file, bytes);
        if (count === undefined) continue;
        if (count <= 0) return false;
        const victim = readVictim(decoder.decode(bytes.subarray(0, count)), sinceMs);
        if (victim !== undefined && (!isItself || victim === pid)) return true;
      }
    } finally {
      file.close();
    }
  } catch (error) {
    // ENOENT, EPERM (kernel.dmesg_restrict): the log is not there for us.
    if (isHostError(error)) return false;
    throw error;
  }
}

/** The record's length; undefined for records that were overwritten meanwhile. */
function nextRecord(host: Host, file: ReturnType<Host['files']['open']>, into: Uint8Array): number | undefined {
  try {
    return host.files.readNext(file, into);
  } catch (error) {
    if (hasErrno(error, 'EPIPE')) return undefined;
    throw error;
  }
}

/** The process of a record like "6,812,5140900,-;oom-kill:constraint=…,task_memcg=/,task=tail,pid=123,uid=0". */
function readVictim(record: string, sinceMs: number): number | undefined {
  const [, facility, us, pid] = /^(\d+),\d+,(\d+),[^;]*;oom-kill:.*,pid=(\d+),uid=\d+\n/.exec(record) ?? [];
  // Facility 0 is the kernel's; the lower three bits are the priority.
  return pid === undefined || Number(facility) > 7 || Number(us) / 1000 < sinceMs ? undefined : Number(pid);
}

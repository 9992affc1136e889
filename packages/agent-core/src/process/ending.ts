import type { ExecEnding } from '@innkeeper/contract/agent';
import type { ProcessExit } from '../host.ts';
import { SIGINT, SIGKILL, SIGQUIT, SIGTERM } from './signals.ts';

/** EXEC_ENDING_* of process.proto. */
export const Ending = {
  EXITED: 1,
  TIMEOUT: 2,
  SIGNALED: 3,
  AGENT_STOPPED: 4,
} as const satisfies Partial<Record<string, ExecEnding>>;

export type EndingValue = (typeof Ending)[keyof typeof Ending];

/** What asks a program to end, so that one which exits upon it did so because of it. HUP often means "read anew". */
const endings = [SIGINT, SIGQUIT, SIGKILL, SIGTERM];

/** Why a process ended for which `asked` are the signals that somebody sent through us. */
export function endingOf(exit: ProcessExit, asked: ReadonlySet<number>): EndingValue {
  const bySignal = exit.signal !== undefined && asked.has(exit.signal);
  return bySignal || endings.some((signal) => asked.has(signal)) ? Ending.SIGNALED : Ending.EXITED;
}

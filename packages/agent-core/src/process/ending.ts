import { ExecEnding } from '@innkeeper/contract/agent-lite';
import type { ProcessExit } from '../host.ts';
import { SIGINT, SIGKILL, SIGQUIT, SIGTERM } from './signals.ts';

/** What asks a program to end, so that one which exits upon it did so because of it. HUP often means "read anew". */
const endings = [SIGINT, SIGQUIT, SIGKILL, SIGTERM];

/** Why a process ended for which `asked` are the signals that somebody sent through us. */
export function endingOf(exit: ProcessExit, asked: ReadonlySet<number>): ExecEnding {
  const bySignal = exit.signal !== undefined && asked.has(exit.signal);
  return bySignal || endings.some((signal) => asked.has(signal)) ? ExecEnding.SIGNALED : ExecEnding.EXITED;
}

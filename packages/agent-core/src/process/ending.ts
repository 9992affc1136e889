import { ExecEnding } from '@innkeeper/contract/agent-lite';
import type { ProcessExit } from '../host.ts';
import { SIGINT, SIGKILL, SIGQUIT, SIGTERM } from './signals.ts';

/** Signals that ask a program to end, so that a following exit counts as caused by them. HUP often means "reload". */
const endings = [SIGINT, SIGQUIT, SIGKILL, SIGTERM];

/** Why a process ended; `asked` are the signals that callers sent to it. */
export function endingOf(exit: ProcessExit, asked: ReadonlySet<number>): ExecEnding {
  const bySignal = exit.signal !== undefined && asked.has(exit.signal);
  return bySignal || endings.some((signal) => asked.has(signal)) ? ExecEnding.SIGNALED : ExecEnding.EXITED;
}

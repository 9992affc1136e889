import { ExecEnding } from '@innkeeper/contract/agent-lite';
import type { Host, ProcessExit } from '../host.ts';
import { wasOutOfMemory } from './out-of-memory.ts';
import { SIGINT, SIGKILL, SIGQUIT, SIGTERM } from './signals.ts';

/** Signals that ask a program to end, so that a following exit counts as caused by them. HUP often means "reload". */
const endings = [SIGINT, SIGQUIT, SIGKILL, SIGTERM];

/** Why a process ended; `asked` are the signals that callers sent to it. */
export function endingOf(exit: Pick<ProcessExit, 'signal'>, asked: ReadonlySet<number>): ExecEnding {
  const bySignal = exit.signal !== undefined && asked.has(exit.signal);
  return bySignal || endings.some((signal) => asked.has(signal)) ? ExecEnding.SIGNALED : ExecEnding.EXITED;
}

/** The same for a command that nothing was ending, with what the kernel says of it. */
export function endingOfCommand(
  host: Host,
  command: Parameters<typeof wasOutOfMemory>[1],
  asked: ReadonlySet<number>,
): ExecEnding {
  const ending = endingOf(command.exit, asked);
  return ending === ExecEnding.EXITED && wasOutOfMemory(host, command) ? ExecEnding.OUT_OF_MEMORY : ending;
}

import { type AgentLink, hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { ExecEnding, type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { withDeadline } from '@innkeeper/kit';

/** Limit of both streams together. The agent drops output beyond it, so a guest that sends more misbehaves. */
const maxOutputBytes = 4 * 1024 * 1024;
/** How long the daemon waits after a command's timeout, at which the agent ends it: TERM, 5 s, KILL. */
const overtimeMs = 10_000;
const sigkill = 9;
const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 300_000;

/** For the field `error` of responses that have no flag for truncation. */
export const truncatedText = 'The output was longer than 4 MiB, and the rest was dropped.';

export interface GuestCommand {
  /** With `args` a program, otherwise a command line for /bin/sh. */
  readonly command: string;
  readonly args: readonly string[];
  /** 0: 30 s. At most 300 s. */
  readonly timeoutSeconds: number;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Default: true. */
  readonly supplementaryGroups?: boolean | undefined;
}

export interface GuestCommandResult {
  /** As in a shell: 128 plus the signal's number for a command that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Whether output beyond 4 MiB was dropped. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

/**
 * Runs a command to its end and collects its output. Exit code 1 is a result; failing to start is an error. The limits
 * hold whatever the guest does: rejects with DEADLINE_EXCEEDED 10 s after the command's timeout, and with
 * GUEST_MISBEHAVES when the guest sends more than 4 MiB of output.
 */
export async function runGuestCommand(
  agent: AgentLink,
  command: GuestCommand,
  signal: AbortSignal,
): Promise<GuestCommandResult> {
  if (command.command === '') throw new OperationError('INVALID_ARGUMENT', 'command is empty.');
  const timeoutMs = command.timeoutSeconds === 0 ? defaultTimeoutMs : command.timeoutSeconds * 1000;
  if (timeoutMs > maxTimeoutMs)
    throw new OperationError('INVALID_ARGUMENT', `The timeout must be at most ${maxTimeoutMs / 1000} s.`);
  return await withinTime(signal, timeoutMs + overtimeMs, (both) => follow(agent, command, timeoutMs, both));
}

/**
 * Runs `work` with a signal that fires at the caller's abort, and after `timeoutMs` of the host's own clock with
 * DEADLINE_EXCEEDED: what an agent promises to keep is not relied on.
 */
export function withinTime<T>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = (): OperationError =>
    new OperationError('DEADLINE_EXCEEDED', `The guest did not answer within ${timeoutMs / 1000} s.`);
  return withDeadline({ timers: hostClock, timeoutMs, signal, late }, work);
}

async function follow(
  agent: AgentLink,
  command: GuestCommand,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<GuestCommandResult> {
  const program =
    command.args.length > 0 ? { argv: [command.command, ...command.args] } : { shellCommand: command.command };
  await using session = agent.exec(
    {
      ...program,
      workingDirectory: command.workingDirectory,
      environment: { ...command.environment },
      user: command.user ?? '',
      group: command.group ?? '',
      noSupplementaryGroups: command.supplementaryGroups === false,
      timeoutMs,
      maxOutputBytes: BigInt(maxOutputBytes),
    },
    { signal },
  );
  const output = { [OutputStream.STDOUT]: [] as Uint8Array[], [OutputStream.STDERR]: [] as Uint8Array[] };
  let keptBytes = 0;
  for await (const { event } of session.events) {
    // A guest that sends endlessly keeps an abort from taking effect.
    signal.throwIfAborted();
    if (event.case === 'output' && event.value.data.length > 0) {
      keptBytes += event.value.data.length;
      if (keptBytes > maxOutputBytes) {
        // A guest that exceeds the limit may ignore this as well.
        session.signal(sigkill).catch(() => undefined);
        throw new OperationError('GUEST_MISBEHAVES', `The guest sent more than ${maxOutputBytes} bytes of output.`);
      }
      const stream = event.value.stream === OutputStream.STDERR ? OutputStream.STDERR : OutputStream.STDOUT;
      output[stream].push(event.value.data.slice());
    }
    if (event.case === 'exited') {
      const { durationMs, ending, truncated } = event.value;
      return {
        exitCode: exitCodeOf(event.value),
        stdout: textOf(output[OutputStream.STDOUT]),
        stderr: textOf(output[OutputStream.STDERR]),
        timedOut: ending === ExecEnding.TIMEOUT,
        truncated,
        durationMs: Number(durationMs),
      };
    }
  }
  throw new OperationError('AGENT_UNREACHABLE', 'The connection to the agent ended before the command did.');
}

function exitCodeOf({ status }: ExecExited): number {
  return status.case === 'signal' ? 128 + status.value : (status.value ?? -1);
}

/** Bytes that are not UTF-8 become U+FFFD, since these responses carry text. */
function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('utf8');
}

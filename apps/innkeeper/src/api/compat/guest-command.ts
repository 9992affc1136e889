import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { ExecEnding, type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { withDeadline } from './with-deadline.ts';

/** Of both streams together; what is beyond is counted and not kept by the agent. More from a guest is a lie. */
const maxOutputBytes = 4 * 1024 * 1024;
/** The agent ends a command at its timeout: TERM, 5 s, KILL. The host waits no longer than this after the timeout. */
const overtimeMs = 10_000;
const sigkill = 9;
const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 300_000;

/** For the field `error` of answers that have no place for a flag. */
export const truncatedText = 'The output was longer than 4 MiB, and the rest was dropped.';

export interface GuestCommand {
  /** With `args`, a program; without, a line for /bin/sh. */
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
  /** As a shell tells it: 128 and the signal's number for one that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** There was more output than 4 MiB, and the rest was dropped. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

/**
 * Runs a command to its end and gathers what it prints. Exit code 1 is a result; not being able to start is an error.
 * Holds its bounds whatever the guest does: fails with DEADLINE_EXCEEDED 10 s after the command's timeout, and with
 * GUEST_MISBEHAVES when more than 4 MiB of output come.
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
  return await withDeadline(signal, timeoutMs + overtimeMs, (both) => follow(agent, command, timeoutMs, both));
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
    // A guest that sends without end does not let an abort in between.
    signal.throwIfAborted();
    if (event.case === 'output' && event.value.data.length > 0) {
      keptBytes += event.value.data.length;
      if (keptBytes > maxOutputBytes) {
        // The guest that lies about its output may not heed this either.
        session.signal(sigkill).catch(() => undefined);
        throw new OperationError('GUEST_MISBEHAVES', `The command's output went beyond ${maxOutputBytes} bytes.`);
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
  throw new OperationError('AGENT_UNREACHABLE', 'The command was not followed to its end.');
}

function exitCodeOf({ status }: ExecExited): number {
  return status.case === 'signal' ? 128 + status.value : (status.value ?? -1);
}

/** Bytes that are no UTF-8 become U+FFFD: these forms carry text. */
function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('utf8');
}

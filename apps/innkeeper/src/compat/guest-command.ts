import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { ExecEnding, type ExecExited, OutputStream } from '@innkeeper/contract/agent';

/** Of both streams together; what is beyond is counted and not kept. */
const maxOutputBytes = 4 * 1024 * 1024;
const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 300_000;

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
  readonly durationMs: number;
}

/** Runs a command to its end and gathers what it prints. Exit code 1 is a result; not being able to start is an error. */
export async function runGuestCommand(
  agent: AgentLink,
  command: GuestCommand,
  signal: AbortSignal,
): Promise<GuestCommandResult> {
  if (command.command === '') throw new OperationError('INVALID_ARGUMENT', 'command is empty.');
  const timeoutMs = command.timeoutSeconds === 0 ? defaultTimeoutMs : command.timeoutSeconds * 1000;
  if (timeoutMs > maxTimeoutMs)
    throw new OperationError('INVALID_ARGUMENT', `The timeout must be at most ${maxTimeoutMs / 1000} s.`);
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
  for await (const { event } of session.events) {
    if (event.case === 'output') {
      const stream = event.value.stream === OutputStream.STDERR ? OutputStream.STDERR : OutputStream.STDOUT;
      output[stream].push(event.value.data.slice());
    }
    if (event.case === 'exited') {
      const { durationMs, ending } = event.value;
      return {
        exitCode: exitCodeOf(event.value),
        stdout: textOf(output[OutputStream.STDOUT]),
        stderr: textOf(output[OutputStream.STDERR]),
        timedOut: ending === ExecEnding.TIMEOUT,
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

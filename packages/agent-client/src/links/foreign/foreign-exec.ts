import { create } from '@bufbuild/protobuf';
import { type ExecEvent, ExecEventSchema } from '@innkeeper/contract/agent';
import { ExecEnding, OutputStream } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { linkSignals, pause } from '@innkeeper/kit';
import type { CallOptions, ExecSession } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import type { ForeignAgent, ForeignExit, ForeignProcess, ForeignSpec } from './foreign-agent.ts';
import { InputCollector } from './input-collector.ts';
import { lacks } from './refusals.ts';

const sigterm = 15;
const sigkill = 9;
const defaultGraceMs = 5000;
/** Milliseconds that a killed command's end may take. */
const afterKillMs = 5000;

export interface ForeignExecOptions {
  readonly agent: ForeignAgent;
  readonly clock: LinkClock;
  readonly spec: ForeignSpec & { readonly id: string };
  readonly options: CallOptions;
  /** Aborted when the link is closed. */
  readonly closed: AbortSignal;
  /** Resolves when the agent answers; rejects if it cannot run commands. */
  readonly ready: (signal: AbortSignal) => Promise<unknown>;
}

/**
 * One command of an agent whose dialect returns output only at the end. It is started once and never again; if the agent
 * is lost meanwhile, the command may go on in the guest.
 */
export class ForeignExec implements ExecSession {
  readonly id: string;
  readonly events: AsyncIterable<ExecEvent>;
  readonly #options: ForeignExecOptions;
  readonly #detached = new AbortController();
  readonly #input: InputCollector;
  #process: ForeignProcess | undefined;
  #signaled = false;

  constructor(options: ForeignExecOptions) {
    this.#options = options;
    this.id = options.spec.id;
    this.#input = new InputCollector(options.clock, options.agent.takesInput === true);
    this.events = { [Symbol.asyncIterator]: () => this.#follow() };
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    this.#input.add(data);
  }

  async endStdin(): Promise<void> {
    this.#input.end();
  }

  /** A command without a terminal has no size. */
  async resize(): Promise<void> {
    // There is nothing to do.
  }

  async signal(signal: number): Promise<void> {
    const { agent, options } = this.#options;
    if (this.#process === undefined) throw new OperationError('EXEC_NOT_FOUND', 'The command has not started.');
    if (this.#process.kill === undefined)
      throw lacks(`${agent.title} cannot send a signal to a command, so it runs to its end`, 'exec');
    this.#signaled = true;
    await this.#process.kill(signal, options.signal ?? this.#detached.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#detached.abort(new OperationError('CANCELED', 'Detached.'));
    this.#input.fail(this.#detached.signal.reason);
  }

  async *#follow(): AsyncGenerator<ExecEvent> {
    const { agent, clock, spec, options, closed, ready } = this.#options;
    const linked = linkSignals(this.#detached.signal, closed, options.signal);
    try {
      refuseTerminal(agent, spec);
      await ready(linked.signal);
      const input = spec.stdin === true ? await this.#input.collected(linked.signal) : undefined;
      const startedMs = clock.nowMs();
      const process = await agent.start?.(spec, input, linked.signal);
      if (process === undefined) throw lacks(`${agent.title} cannot run commands`, 'exec');
      this.#process = process;
      yield eventOf({ case: 'started', value: { id: this.id, pid: process.pid } });
      const { exit, ending } = await this.#ended(process, linked.signal);
      yield* outputOf(exit, spec);
      const ended = { ...exitedOf(exit, spec), durationMs: BigInt(Math.round(clock.nowMs() - startedMs)), ending };
      yield eventOf({ case: 'exited', value: ended });
    } finally {
      this.#input.fail(new OperationError('STDIN_CLOSED', 'The command has ended.'));
      // Ends what still waits for the agent: a command that is late, or one whose reader has left.
      linked.abort(new OperationError('CANCELED', 'Nobody waits for this command any more.'));
      linked.unlink();
    }
  }

  /** Waits for the end; at the timeout the command gets TERM and then KILL, where the dialect can send signals. */
  async #ended(process: ForeignProcess, signal: AbortSignal): Promise<{ exit: ForeignExit; ending: ExecEnding }> {
    const { spec } = this.#options;
    const waiting = process.ended(signal);
    const timeoutMs = spec.timeoutMs ?? 0;
    if (timeoutMs > 0 && (await this.#isLate(waiting, timeoutMs, signal))) {
      const late = new OperationError(
        'DEADLINE_EXCEEDED',
        `The command did not end within ${timeoutMs} ms, and goes on: this agent cannot end it.`,
      );
      // It may have ended since it was last looked at.
      await process.look?.(signal);
      if (!(await this.#isLate(waiting, 0, signal))) return this.#exited(await waiting);
      if (process.kill === undefined) throw late;
      await process.kill(sigterm, signal);
      const graceMs = (spec.killGraceMs ?? 0) === 0 ? defaultGraceMs : (spec.killGraceMs ?? 0);
      if (await this.#isLate(waiting, graceMs, signal)) await process.kill(sigkill, signal);
      if (await this.#isLate(waiting, afterKillMs, signal)) throw late;
      return { exit: await waiting, ending: ExecEnding.TIMEOUT };
    }
    return this.#exited(await waiting);
  }

  #exited(exit: ForeignExit): { exit: ForeignExit; ending: ExecEnding } {
    if (exit.timedOut === true) return { exit, ending: ExecEnding.TIMEOUT };
    return { exit, ending: this.#signaled ? ExecEnding.SIGNALED : ExecEnding.EXITED };
  }

  /** Whether it is still running after this time. Rejects with the error of waiting for it. */
  async #isLate(waiting: Promise<unknown>, ms: number, signal: AbortSignal): Promise<boolean> {
    const over = linkSignals(signal);
    try {
      const late = pause(this.#options.clock, ms, over.signal).then(() => true);
      return await Promise.race([late, waiting.then(() => false)]);
    } finally {
      over.abort(new Error('over'));
      over.unlink();
    }
  }
}

function refuseTerminal({ title }: ForeignAgent, { terminal }: ForeignSpec): void {
  if (terminal === undefined) return;
  throw lacks(`${title} has no terminals`, 'exec.pty', 'Run the command without a terminal: inn exec -T.');
}

function* outputOf(exit: ForeignExit, spec: ForeignSpec): Generator<ExecEvent> {
  const max = spec.maxOutputBytes === undefined || spec.maxOutputBytes === 0n ? Infinity : Number(spec.maxOutputBytes);
  let offset = 0;
  for (const [stream, data] of [
    [OutputStream.STDOUT, exit.stdout],
    [OutputStream.STDERR, exit.stderr],
  ] as const) {
    const kept = data.subarray(0, Math.max(0, max - offset));
    if (kept.length > 0) yield eventOf({ case: 'output', value: { offset: BigInt(offset), stream, data: kept } });
    offset += kept.length;
  }
}

function exitedOf(exit: ForeignExit, { maxOutputBytes: max = 0n }: ForeignSpec) {
  const total = exit.stdout.length + exit.stderr.length;
  return {
    status: exit.status,
    truncated: exit.truncated || (max > 0n && BigInt(total) > max),
    stdoutBytes: BigInt(exit.stdout.length),
    stderrBytes: BigInt(exit.stderr.length),
  };
}

function eventOf(event: NonNullable<Parameters<typeof create<typeof ExecEventSchema>>[1]>['event']): ExecEvent {
  return create(ExecEventSchema, event === undefined ? {} : { event });
}

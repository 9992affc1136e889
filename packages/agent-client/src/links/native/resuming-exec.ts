import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecEvent, ExecRequestSchema, ProcessSpecSchema } from '@innkeeper/contract/agent';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import type { CallOptions, ExecSession } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import { misbehaves, offsetOf } from '../../guest-claims.ts';
import { afterGuestTime } from './after-guest-time.ts';
import { ExecStdin, type ExecTypedCall } from './exec-stdin.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall } from './session/typed-call.ts';

const defaultGraceMs = 5000;
/** Milliseconds beyond timeout and grace after which a process without an end event is given up. */
const timeoutSlackMs = 30_000;

type ExecTarget =
  | { readonly kind: 'start'; readonly spec: MessageInitShape<typeof ProcessSpecSchema> & { readonly id: string } }
  | { readonly kind: 'attach'; readonly id: string; readonly fromOffset: bigint };

export interface ResumingExecOptions {
  readonly sessions: LinkSessions;
  readonly clock: LinkClock;
  readonly target: ExecTarget;
  readonly options: CallOptions;
  /** Sends a signal in a separate call, so that it does not queue behind input. */
  readonly sendSignal: (id: string, signal: number) => Promise<void>;
}

/** Follows one process over any number of sessions; each byte of its output arrives once. */
export class ResumingExec implements ExecSession {
  readonly id: string;
  readonly events: AsyncIterable<ExecEvent>;
  readonly #options: ResumingExecOptions;
  readonly #controller = new AbortController();
  readonly #stdin = new ExecStdin();
  readonly #stopListening: () => void;
  #call: ExecTypedCall | undefined;
  #opening: Promise<ExecTypedCall>;
  #startedSeen: boolean;
  #nextOffset: number;
  #agentInstance: string | undefined;
  #terminal: { columns: number; rows: number } | undefined;
  #isResizing = false;
  /** Maximum bytes of output; bytes received. */
  readonly #maxOutput: number;
  #outputBytes = 0;
  readonly #stopDeadline: () => void;

  constructor(options: ResumingExecOptions) {
    this.#options = options;
    const { target } = options;
    this.id = target.kind === 'start' ? target.spec.id : target.id;
    this.#startedSeen = target.kind === 'attach';
    this.#nextOffset = target.kind === 'attach' ? Number(target.fromOffset) : 0;
    this.#maxOutput = maxOutputOf(target);
    this.#stopDeadline = this.#keepDeadline();
    const outer = options.options.signal;
    this.#stopListening = onAbort(outer, (reason) => this.#controller.abort(reason));
    onAbort(this.#controller.signal, (reason) => {
      this.#stopDeadline();
      // Events may not be read at all, and a writer must not wait forever.
      this.#stdin.fail(reason);
      this.#call?.raw.cancel(reason);
    });
    this.#opening = this.#open();
    // Its failure reaches the reader of the events.
    this.#opening.catch(() => undefined);
    this.events = { [Symbol.asyncIterator]: () => this.#follow() };
  }

  writeStdin(data: Uint8Array): Promise<void> {
    return this.#stdin.write(data);
  }

  async endStdin(): Promise<void> {
    this.#stdin.end();
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.#terminal = { columns, rows };
    // One at a time, and only the last size counts: a guest that does not read is not sent more and more of them.
    if (this.#isResizing) return;
    this.#isResizing = true;
    try {
      for (let sent: object | undefined; sent !== this.#terminal; ) {
        sent = this.#terminal;
        await this.#call?.send({ input: { case: 'resize', value: this.#terminal } });
      }
    } catch (error) {
      // It is sent again when the next session has found the process.
      if (!(error instanceof SessionLostError)) throw error;
    } finally {
      this.#isResizing = false;
    }
  }

  signal(signal: number): Promise<void> {
    return this.#options.sendSignal(this.id, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new OperationError('CANCELED', 'Detached.'));
    this.#finish(this.#controller.signal.reason);
  }

  async *#follow(): AsyncGenerator<ExecEvent> {
    const attachOnly = this.#options.target.kind === 'attach';
    let isStartReported = false;
    try {
      for (;;) {
        const call = await this.#opening;
        try {
          for (let hasStarted = false; ; ) {
            const event = await call.next();
            if (event === undefined) throw misbehaves('An exec ended without an exit event.');
            if (event.event.case === 'started') {
              // Each start resends input from its offset.
              if (hasStarted) throw misbehaves('An exec started twice.');
              hasStarted = true;
              this.#onStarted(call, offsetOf(event.event.value.stdinOffset, 'The offset of input'));
              if (isStartReported) continue;
              isStartReported = true;
            }
            const fresh = this.#admit(event);
            if (fresh !== undefined) yield fresh;
            if (event.event.case === 'exited') return;
          }
        } catch (error) {
          if (!(error instanceof SessionLostError)) throw this.#translate(error, attachOnly);
          this.#stdin.detach();
          this.#opening = this.#open();
        }
      }
    } finally {
      this.#finish(new OperationError('STDIN_CLOSED', 'The process has ended.'));
    }
  }

  /** Opens the call in the open session, or in the next one. */
  async #open(): Promise<ExecTypedCall> {
    const { sessions, target } = this.#options;
    for (;;) {
      const { session, welcome } = await sessions.ready(this.#controller.signal);
      // A start that may have arrived is not repeated on a restarted agent: no command runs twice.
      if (this.#agentInstance !== undefined && this.#agentInstance !== welcome.agentInstance)
        throw new OperationError('AGENT_RESTARTED', 'The agent was restarted, and the process ended with the old one.');
      this.#agentInstance = welcome.agentInstance;
      try {
        const first: MessageInitShape<typeof ExecRequestSchema> =
          target.kind === 'start' && !this.#startedSeen
            ? { input: { case: 'start', value: target.spec } }
            : { input: { case: 'attach', value: { id: this.id, fromOffset: BigInt(this.#nextOffset) } } };
        const { signal } = this.#controller;
        const call = await session.inTurn(signal, () => openCall(session, ProcessServiceLite.exec, first));
        this.#call = call;
        // Canceled between the session and the call: end it here.
        if (signal.aborted) call.raw.cancel(signal.reason);
        return call;
      } catch (error) {
        if (!(error instanceof SessionLostError)) throw error;
      }
    }
  }

  #onStarted(call: ExecTypedCall, stdinOffset: number): void {
    this.#startedSeen = true;
    this.#stdin.attach(call, stdinOffset);
    if (this.#terminal !== undefined) this.resize(this.#terminal.columns, this.#terminal.rows).catch(() => undefined);
  }

  /** Tracks offsets, and drops repeated output. */
  #admit(event: ExecEvent): ExecEvent | undefined {
    const { case: kind, value } = event.event;
    if (kind === 'stdinAccepted') {
      this.#stdin.accepted(offsetOf(value, 'The offset of input'));
      return event;
    }
    if (kind === 'gap') {
      const end = offsetOf(value.offset + value.bytes, 'The end of a gap');
      // A gap that goes back would repeat the same output endlessly.
      if (end < this.#nextOffset) throw misbehaves(`A gap ends at ${end}, but ${this.#nextOffset} was expected.`);
      this.#nextOffset = end;
      return event;
    }
    if (kind !== 'output') return event;
    const offset = offsetOf(value.offset, 'The offset of output');
    if (offset > this.#nextOffset)
      throw misbehaves(`Output arrived at ${offset}, but ${this.#nextOffset} was expected.`);
    const known = this.#nextOffset - offset;
    if (known >= value.data.length) return undefined;
    this.#nextOffset = offset + value.data.length;
    this.#outputBytes += value.data.length - known;
    if (this.#outputBytes > this.#maxOutput)
      throw misbehaves(`More output arrived than the ${this.#maxOutput} bytes that were requested.`);
    if (known === 0) return event;
    return {
      ...event,
      event: { case: 'output', value: { ...value, offset: BigInt(offset + known), data: value.data.subarray(known) } },
    };
  }

  #translate(error: unknown, attachOnly: boolean): unknown {
    if (isOperationError(error) && error.reason === 'EXEC_NOT_FOUND' && !attachOnly)
      return new OperationError('AGENT_RESTARTED', 'The agent no longer knows the process.', { cause: error });
    return error;
  }

  /** The guest has to end the process in time; a guest that does not is not waited for. */
  #keepDeadline(): () => void {
    const { sessions, clock, target } = this.#options;
    if (target.kind === 'attach' || (target.spec.timeoutMs ?? 0) === 0) return () => undefined;
    const { timeoutMs = 0, killGraceMs = 0 } = target.spec;
    const ms = timeoutMs + (killGraceMs === 0 ? defaultGraceMs : killGraceMs) + timeoutSlackMs;
    return afterGuestTime(sessions, clock, ms, () =>
      this.#controller.abort(
        new OperationError('AGENT_UNREACHABLE', 'The process reached its timeout, and the guest did not end it.'),
      ),
    );
  }

  #finish(reason: unknown): void {
    this.#stopListening();
    this.#stopDeadline();
    this.#stdin.fail(reason);
    this.#call?.raw.cancel(reason);
  }
}

/** Bytes of output that the process may send; no limit if none was requested. */
function maxOutputOf(target: ExecTarget): number {
  const bytes = target.kind === 'start' ? (target.spec.maxOutputBytes ?? 0n) : 0n;
  return bytes === 0n ? Number.POSITIVE_INFINITY : Number(bytes);
}

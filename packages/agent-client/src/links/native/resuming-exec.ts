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
/** Beyond its timeout and grace, a process whose guest does not say how it ended is given up. */
const overtimeMs = 30_000;

type ExecTarget =
  | { readonly kind: 'start'; readonly spec: MessageInitShape<typeof ProcessSpecSchema> & { readonly id: string } }
  | { readonly kind: 'attach'; readonly id: string; readonly fromOffset: bigint };

export interface ResumingExecOptions {
  readonly sessions: LinkSessions;
  readonly clock: LinkClock;
  readonly target: ExecTarget;
  readonly options: CallOptions;
  /** Sends a signal by a call of its own, so that it does not queue behind input. */
  readonly sendSignal: (id: string, signal: number) => Promise<void>;
}

/** Follows one process over as many sessions as it takes; each byte of its output comes once. */
export class ResumingExec implements ExecSession {
  readonly id: string;
  readonly events: AsyncIterable<ExecEvent>;
  readonly #options: ResumingExecOptions;
  readonly #controller = new AbortController();
  readonly #stdin = new ExecStdin();
  readonly #untie: () => void;
  #call: ExecTypedCall | undefined;
  #opening: Promise<ExecTypedCall>;
  #startedSeen: boolean;
  #nextOffset: number;
  #agentInstance: string | undefined;
  #terminal: { columns: number; rows: number } | undefined;
  #isResizing = false;
  /** Bytes of output that may come; those that did. */
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
    this.#untie = onAbort(outer, (reason) => this.#controller.abort(reason));
    onAbort(this.#controller.signal, (reason) => {
      this.#stopDeadline();
      // Nobody may be reading events, and a writer must not wait for ever.
      this.#stdin.fail(reason);
      this.#call?.raw.cancel(reason);
    });
    this.#opening = this.#open();
    // Its failure is told to whoever reads the events.
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
    // One at a time, and only the last size counts: a guest that takes none is not sent more and more of them.
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
    let told = false;
    try {
      for (;;) {
        const call = await this.#opening;
        try {
          for (let hasStarted = false; ; ) {
            const event = await call.next();
            if (event === undefined) throw misbehaves('An exec ended without telling how.');
            if (event.event.case === 'started') {
              // Each start has input sent again from where it says.
              if (hasStarted) throw misbehaves('An exec started twice.');
              hasStarted = true;
              this.#onStarted(call, offsetOf(event.event.value.stdinOffset, 'The offset of input'));
              if (told) continue;
              told = true;
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
      // A start that may have arrived is not sent to another agent: no command runs twice.
      if (this.#agentInstance !== undefined && this.#agentInstance !== welcome.agentInstance)
        throw new OperationError(
          'AGENT_RESTARTED',
          'The agent was started anew, and the process went with the old one.',
        );
      this.#agentInstance = welcome.agentInstance;
      try {
        const first: MessageInitShape<typeof ExecRequestSchema> =
          target.kind === 'start' && !this.#startedSeen
            ? { input: { case: 'start', value: target.spec } }
            : { input: { case: 'attach', value: { id: this.id, fromOffset: BigInt(this.#nextOffset) } } };
        const call = openCall(session, ProcessServiceLite.exec, first);
        this.#call = call;
        // Given up between the session and the call: nobody else would end it.
        const { signal } = this.#controller;
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

  /** Keeps positions, and drops what came twice. */
  #admit(event: ExecEvent): ExecEvent | undefined {
    const { case: kind, value } = event.event;
    if (kind === 'stdinAccepted') {
      this.#stdin.accepted(offsetOf(value, 'The offset of input'));
      return event;
    }
    if (kind === 'gap') {
      const end = offsetOf(value.offset + value.bytes, 'The end of a gap');
      // One that leads back would have the same output come again and again.
      if (end < this.#nextOffset) throw misbehaves(`A gap ends at ${end}, where ${this.#nextOffset} was next.`);
      this.#nextOffset = end;
      return event;
    }
    if (kind !== 'output') return event;
    const offset = offsetOf(value.offset, 'The offset of output');
    if (offset > this.#nextOffset) throw misbehaves(`Output at ${offset} came where ${this.#nextOffset} was next.`);
    const known = this.#nextOffset - offset;
    if (known >= value.data.length) return undefined;
    this.#nextOffset = offset + value.data.length;
    this.#outputBytes += value.data.length - known;
    if (this.#outputBytes > this.#maxOutput)
      throw misbehaves(`More output came than the ${this.#maxOutput} bytes that were asked for.`);
    if (known === 0) return event;
    return {
      ...event,
      event: { case: 'output', value: { ...value, offset: BigInt(offset + known), data: value.data.subarray(known) } },
    };
  }

  #translate(error: unknown, attachOnly: boolean): unknown {
    if (isOperationError(error) && error.reason === 'EXEC_NOT_FOUND' && !attachOnly)
      return new OperationError('AGENT_RESTARTED', 'The agent does not know the process any more.', { cause: error });
    return error;
  }

  /** The guest is asked to end the process in time; one that does not is not waited for. */
  #keepDeadline(): () => void {
    const { sessions, clock, target } = this.#options;
    if (target.kind === 'attach' || (target.spec.timeoutMs ?? 0) === 0) return () => undefined;
    const { timeoutMs = 0, killGraceMs = 0 } = target.spec;
    const ms = timeoutMs + (killGraceMs === 0 ? defaultGraceMs : killGraceMs) + overtimeMs;
    return afterGuestTime(sessions, clock, ms, () =>
      this.#controller.abort(
        new OperationError('AGENT_UNREACHABLE', 'The time of the process is over, and the guest did not end it.'),
      ),
    );
  }

  #finish(reason: unknown): void {
    this.#untie();
    this.#stopDeadline();
    this.#stdin.fail(reason);
    this.#call?.raw.cancel(reason);
  }
}

/** Bytes of output that the process may send; no limit when its guest was asked for none. */
function maxOutputOf(target: ExecTarget): number {
  const bytes = target.kind === 'start' ? (target.spec.maxOutputBytes ?? 0n) : 0n;
  return bytes === 0n ? Number.POSITIVE_INFINITY : Number(bytes);
}

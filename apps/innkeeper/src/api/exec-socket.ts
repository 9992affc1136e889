import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { AgentLink, ExecSession, LinkState } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { type ExecEvent, ExecEventSchema, type ExecRequest, ExecRequestSchema } from '@innkeeper/contract/agent';
import { linkSignals, orAborted } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { AuditParameters } from '../audit/audit.ts';
import type { ApiContext } from './api-context.ts';
import { allowedExecRequest, describeExec } from './exec-entry.ts';
import { ExecInput } from './exec-input.ts';
import { ExecWindow } from './exec-window.ts';
import { SocketSends } from './socket-sends.ts';

/** Maximum output that ws buffers for a client that acknowledges output without reading it. */
const maxBufferedBytes = 4 * 1024 * 1024;

/**
 * Serves a client that runs a process or attaches to one. When the client disconnects, the process keeps running and can
 * be attached to. The messages are documented in docs/protocol/http.md.
 */
export async function serveExec(socket: WebSocket, context: ApiContext): Promise<void> {
  const over = linkSignals(context.signal);
  try {
    await follow(new ExecClient(socket, (error) => over.abort(error)), socket, context, over.signal);
  } finally {
    over.unlink();
  }
}

async function follow(
  client: ExecClient,
  socket: WebSocket,
  { vm, call }: ApiContext,
  signal: AbortSignal,
): Promise<void> {
  const asked = await client.firstRequest(signal);
  call.note(describeExec(asked));
  const first = allowedExecRequest(call.caller, asked);
  // The audit records a command before it is started.
  await call.begin();
  const agent = await vm.agent({ signal });
  await using session = openSession(agent, first, signal);
  const stopStates = agent.onState((state) => client.tellState(state));
  let isRunning = false;
  try {
    client.begin(session);
    for await (const event of session.events) {
      if (event.event.case === 'started') isRunning = true;
      if (event.event.case === 'exited') isRunning = false;
      call.note(describeEvent(event));
      client.send(event);
      await client.window.room(signal);
      await client.sends.room(signal);
    }
    socket.close(1000);
  } catch (error) {
    // A command that runs on without its client has not failed.
    if (isRunning && signal.aborted && socket.readyState !== socket.OPEN) return;
    // The client's error or disconnect is the cause; the other error is its consequence.
    throw signal.aborted ? signal.reason : error;
  } finally {
    if (isRunning && socket.readyState !== socket.OPEN) call.note({ client_left: true });
    stopStates();
  }
}

/** The audit records the process's id and how it ended. */
function describeEvent({ event }: ExecEvent): AuditParameters {
  if (event.case === 'started') return { id: event.value.id };
  if (event.case !== 'exited') return {};
  const { status, stdoutBytes, stderrBytes, durationMs } = event.value;
  return {
    ...(status.case === 'exitCode' ? { exit_code: status.value } : { signal: status.value ?? 0 }),
    stdout_bytes: Number(stdoutBytes),
    stderr_bytes: Number(stderrBytes),
    duration_ms: Number(durationMs),
  };
}

function openSession(agent: AgentLink, first: ExecRequest, signal: AbortSignal): ExecSession {
  switch (first.input.case) {
    case 'start':
      return agent.exec(first.input.value, { signal });
    case 'attach':
      return agent.attach(first.input.value.id, first.input.value.fromOffset, { signal });
    default:
      throw new OperationError('INVALID_ARGUMENT', 'The first message must be "start" or "attach".');
  }
}

/** The connection to the client: parses its messages and sends the daemon's. */
class ExecClient {
  readonly window = new ExecWindow();
  readonly sends: SocketSends;
  readonly #socket: WebSocket;
  readonly #fail: (error: unknown) => void;
  readonly #first = Promise.withResolvers<ExecRequest>();
  readonly #early: ExecRequest[] = [];
  #input: ExecInput | undefined;
  #hasFirst = false;

  constructor(socket: WebSocket, fail: (error: unknown) => void) {
    this.#socket = socket;
    this.sends = new SocketSends(socket);
    this.#fail = fail;
    socket.on('message', (data: Buffer, isBinary) => {
      try {
        if (isBinary) this.#takeRequest(fromBinary(ExecRequestSchema, data));
        else this.#takeControl(data.toString('utf8'));
      } catch (error) {
        fail(new OperationError('INVALID_ARGUMENT', 'Malformed message.', { cause: error }));
      }
    });
  }

  /** Waits for the first message, which names the command or process. */
  async firstRequest(signal: AbortSignal): Promise<ExecRequest> {
    return await orAborted(this.#first.promise, signal);
  }

  /** From now on, input is forwarded to the process. */
  begin(session: ExecSession): void {
    this.#input = new ExecInput(session, this.#fail);
    for (const request of this.#early.splice(0)) this.#takeRequest(request);
  }

  send(event: ExecEvent): void {
    const { case: kind, value } = event.event;
    if (kind === 'started') this.#input?.begin(Number(value.stdinOffset));
    if (kind === 'output') this.window.sent(Number(value.offset), Number(value.offset) + value.data.length);
    if (kind === 'gap') this.window.sent(Number(value.offset), Number(value.offset + value.bytes));
    if (this.#socket.bufferedAmount > maxBufferedBytes) {
      throw new OperationError('SLOW_READER', 'The client acknowledged output that it did not read.');
    }
    this.sends.send(toBinary(ExecEventSchema, event));
    this.#pace();
  }

  tellState({ state }: LinkState): void {
    if (state !== 'waiting') this.#socket.send(JSON.stringify({ type: 'agent', state }));
  }

  #takeRequest(request: ExecRequest): void {
    if (!this.#hasFirst) {
      this.#hasFirst = true;
      this.#first.resolve(request);
      return;
    }
    if (this.#input === undefined) {
      // Arrived together with the first message; kept until the session exists.
      this.#early.push(request);
      this.#socket.pause();
      return;
    }
    this.#input.take(request, () => this.#pace());
    this.#pace();
  }

  #takeControl(text: string): void {
    const control: unknown = JSON.parse(text);
    if (typeof control !== 'object' || control === null || !('type' in control) || control.type !== 'ack') return;
    if (!('offset' in control) || !/^\d{1,16}$/.test(String(control.offset)))
      throw new Error('an ack must have an offset');
    this.window.acknowledge(Number(control.offset));
    this.#pace();
  }

  /** Stops reading while too much input waits, unless output waits for an acknowledgement on the same connection. */
  #pace(): void {
    if (this.#input?.isFull === true && !this.window.isFull) this.#socket.pause();
    else this.#socket.resume();
  }
}

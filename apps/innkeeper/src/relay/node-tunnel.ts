import { Duplex } from 'node:stream';
import { isReasonName, OperationError, type WireError } from '@innkeeper/contract';
import { createDeferred, kib, onAbort } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { IdentifiedRequest } from '../edge/gate.ts';
import { openNodeSocket } from './forward-socket.ts';
import type { NodeLink } from './node-link.ts';
import { nodeUnreachable } from './node-unreachable.ts';

/** Bytes without acknowledgement in each direction, as docs/protocol/http.md has it. */
const windowBytes = 512 * kib;
/** Of one message. */
const pieceBytes = 60 * kib;

export interface NodeTunnelTarget {
  readonly vm: string;
  readonly port: number;
  readonly identified: IdentifiedRequest;
  readonly signal: AbortSignal;
}

/** A connection to a program of a guest through the node's WebSocket for tunnels. Destroying it closes the connection. */
export class NodeTunnel extends Duplex {
  readonly #socket: WebSocket;
  readonly #link: NodeLink;
  readonly #opened = createDeferred<void>();
  #stopListening: () => void = () => undefined;
  #waiting: { readonly data: Buffer; readonly taken: () => void } | undefined;
  #inFlight = 0;
  /** Bytes that were pushed beyond what is read: acknowledged at the next read. */
  #unread = 0;
  #isOver = false;

  private constructor(socket: WebSocket, link: NodeLink) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#link = link;
    // What breaks later reaches those who read or write.
    this.on('error', () => undefined);
  }

  /** Resolves when the program has accepted the connection. Fails as the tunnel does, and with NODE_UNREACHABLE. */
  static async connect({ vm, port, identified, signal }: NodeTunnelTarget, link: NodeLink): Promise<NodeTunnel> {
    const path = `/v1/vms/${encodeURIComponent(vm)}/tunnel?port=${port}`;
    const socket = await openNodeSocket({ path, identified, signal }, link);
    const tunnel = new NodeTunnel(socket, link);
    tunnel.#listen(signal);
    await tunnel.#opened.promise;
    return tunnel;
  }

  override _write(data: Buffer, _encoding: string, taken: () => void): void {
    this.#waiting = { data, taken };
    this.#send();
  }

  override _final(done: () => void): void {
    this.#tell({ type: 'end' });
    done();
  }

  override _read(): void {
    if (this.#unread === 0) return;
    this.#tell({ type: 'ack', bytes: this.#unread });
    this.#unread = 0;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stopListening();
    this.#opened.reject(error ?? new OperationError('CANCELED', 'The connection was closed.'));
    this.#socket.close(1000);
    done(error);
  }

  #listen(signal: AbortSignal): void {
    this.#opened.promise.catch(() => undefined);
    this.#stopListening = onAbort(signal, (reason) =>
      this.destroy(reason instanceof Error ? reason : new OperationError('CANCELED', 'The caller left.')),
    );
    this.#socket.on('message', (data: Buffer, isBinary) => {
      try {
        if (isBinary) this.#receive(data);
        else this.#control(JSON.parse(data.toString('utf8')) as Message);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    // A broken connection is followed by its close.
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', (code: number) => {
      if (code === 1000 && this.#isOver) return;
      this.destroy(nodeUnreachable(this.#link, new Error('the node broke a tunnel off')));
    });
    this.#socket.resume();
  }

  #receive(data: Buffer): void {
    if (this.push(data)) this.#tell({ type: 'ack', bytes: data.length });
    else this.#unread += data.length;
  }

  #control(message: Message): void {
    switch (message.type) {
      case 'opened':
        this.#opened.resolve();
        return;
      case 'ended':
        this.#isOver = true;
        this.push(null);
        return;
      case 'ack':
        this.#inFlight -= message.bytes ?? 0;
        this.#send();
        return;
      case 'error':
        throw errorOf(message);
    }
  }

  #send(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#inFlight + waiting.data.length > windowBytes + pieceBytes) return;
    this.#waiting = undefined;
    this.#inFlight += waiting.data.length;
    for (let at = 0; at < waiting.data.length; at += pieceBytes)
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(waiting.data.subarray(at, at + pieceBytes));
    waiting.taken();
  }

  #tell(message: Message): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** A text message of a tunnel, in either direction. */
interface Message {
  readonly type: string;
  readonly bytes?: number;
}

function errorOf(message: Message): Error {
  const error = message as Message & Partial<WireError>;
  if (typeof error.reason === 'string' && isReasonName(error.reason))
    return OperationError.fromWire(error as WireError);
  return new Error('the node answered with an unknown error');
}

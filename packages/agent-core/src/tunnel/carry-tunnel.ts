import type { ConnectEventSchema, ConnectRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import { type CallContext, isBulkSink } from '../dispatch.ts';
import type { Connection } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { dataPrefix, dataStart } from './data-message.ts';

type Context = CallContext<typeof ConnectEventSchema>;

/**
 * Carries bytes both ways, each as fast as the other side takes them, until both have sent their end.
 * @throws OperationError TUNNEL_RESET if the program breaks off, INVALID_ARGUMENT for a second "open"
 */
export async function carryTunnel(
  connection: Connection,
  input: AsyncIterator<ConnectRequest>,
  context: Context,
): Promise<void> {
  // Ends the waits of both directions.
  const stopListening = onAbort(context.signal, () => connection.close());
  try {
    await Promise.all([sendOutput(connection, context), new TunnelInput(connection, input, context).run()]);
  } finally {
    stopListening();
  }
}

/** From the program to the caller. */
async function sendOutput(connection: Connection, { sink, send, signal }: Context): Promise<void> {
  let isEnded = false;
  let failure: unknown;
  const fill = (into: Uint8Array): number => {
    try {
      const count = connection.read(into);
      isEnded = count === undefined;
      return count ?? 0;
    } catch (error) {
      failure = error;
      isEnded = true;
      return 0;
    }
  };
  while (!isEnded) {
    await connection.readable();
    signal.throwIfAborted();
    // A frame that was full is followed by more without waiting for it.
    while ((await sink.sendBulk(Number.MAX_SAFE_INTEGER, fill, dataPrefix)) > 0) signal.throwIfAborted();
  }
  if (failure !== undefined) throw reset(failure);
  await send({ event: { case: 'ended', value: {} } });
}

/** From the caller to the program. */
class TunnelInput {
  readonly #connection: Connection;
  readonly #input: AsyncIterator<ConnectRequest>;
  readonly #context: Context;
  /** The program no longer reads: later input is dropped, as the kernel would. */
  #isUnread = false;

  constructor(connection: Connection, input: AsyncIterator<ConnectRequest>, context: Context) {
    this.#connection = connection;
    this.#input = input;
    this.#context = context;
  }

  /** Resolves when the end was passed on, or the program does not read any more. */
  async run(): Promise<void> {
    while (!this.#isUnread) {
      const written = await this.#takeDirectly();
      const next = await this.#input.next();
      this.#context.signal.throwIfAborted();
      if (next.done === true) {
        if (!this.#isUnread) this.#connection.endWriting();
        return;
      }
      await this.#write(dataOf(next.value).subarray(written));
    }
    // The caller's writes must not stall before it sees the program's end, which ends the call.
    void drop(this.#input);
  }

  /**
   * Writes from the channel's memory into the socket while messages fit. Resolves to how much of the next message was
   * written already.
   */
  async #takeDirectly(): Promise<number> {
    const { sink, signal } = this.#context;
    let written = 0;
    if (!isBulkSink(sink)) return written;
    await sink.takeWhile((body) => {
      const start = dataStart(body);
      written = 0;
      if (start === undefined) return false;
      const data = body.subarray(start);
      written = this.#writeSome(data);
      return written === data.length;
    });
    signal.throwIfAborted();
    return written;
  }

  async #write(data: Uint8Array): Promise<void> {
    for (let at = 0; ; ) {
      at += this.#writeSome(data.subarray(at));
      if (at >= data.length) return;
      await this.#connection.writable();
      this.#context.signal.throwIfAborted();
    }
  }

  #writeSome(data: Uint8Array): number {
    if (this.#isUnread || data.length === 0) return data.length;
    try {
      return this.#connection.write(data);
    } catch (error) {
      if (!hasErrno(error, 'EPIPE', 'ECONNRESET')) throw error;
      // A reset is reported by the other direction, after what the program had sent.
      this.#isUnread = true;
      return data.length;
    }
  }
}

function dataOf({ input }: ConnectRequest): Uint8Array {
  if (input.case !== 'data')
    throw new OperationError('INVALID_ARGUMENT', '"open" is only allowed as the first message.');
  return input.value;
}

async function drop(input: AsyncIterator<ConnectRequest>): Promise<void> {
  try {
    for (let next = await input.next(); next.done !== true; ) next = await input.next();
  } catch {
    // The call is over.
  }
}

function reset(error: unknown): unknown {
  return hasErrno(error, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT')
    ? new OperationError('TUNNEL_RESET', 'The program in the guest broke the connection off.', { cause: error })
    : error;
}

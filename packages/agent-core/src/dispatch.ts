import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, liteDecode, liteEncode, MalformedMessageError } from '@innkeeper/contract/lite';
import { orAborted, withDeadline } from '@innkeeper/kit';
import type { FreezeState } from './freeze-state.ts';
import type { Clock } from './host.ts';
import { deadlineError, toOperationError } from './operation-errors.ts';

const copiedBulkBytes = 60_000;

/** Carries out calls by method name, whatever dialect they came in. */
export interface Dispatcher {
  /**
   * `input` and `sink` carry encoded messages; a view in `input` is valid until the next one is pulled. Resolves when
   * the call is over; rejects with OperationError.
   */
  call(
    method: string,
    input: AsyncIterable<Uint8Array>,
    sink: (body: Uint8Array) => Promise<void>,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void>;
}

/** Where a call's answers go. */
export interface CallSink {
  /** Bytes that were sent and are not known to be consumed. 0 in dialects that cannot tell. */
  readonly unacknowledgedBytes: number;
  /** Called whenever that number went down. */
  onAcknowledged: (() => void) | undefined;
  send(body: Uint8Array): Promise<void>;
  /**
   * Sends bytes without copying them: `fill` puts at most `maxBytes` into the frame and says how many (0: nothing is
   * sent), `prefixOf` gives what stands before them in the message. Resolves with the count.
   */
  sendBulk(
    maxBytes: number,
    fill: (into: Uint8Array) => number,
    prefixOf: (count: number) => Uint8Array,
  ): Promise<number>;
}

/** What a sink can do besides when its dialect carries bulk bytes without copies. */
export interface BulkSink extends CallSink {
  /** Sends what `fill` gives, message by message, as credit and channel allow, until it gives nothing. */
  sendStream(fill: (into: Uint8Array) => number, prefixOf: (count: number) => Uint8Array): Promise<void>;
  /**
   * Gives encoded messages of the input to `take` as they come, until it says false to one or the input ends; the
   * handler's iterator has that one and all after it. Rejects with what `take` throws. Views are valid during the call.
   */
  takeWhile(take: (body: Uint8Array) => boolean): Promise<void>;
}

/** Whether a sink is one for bulk. */
export function isBulkSink(sink: CallSink): sink is BulkSink {
  return 'sendStream' in sink;
}

/** What a handler gets besides its input. */
export interface CallContext<O extends DescMessage> {
  readonly signal: AbortSignal;
  send(message: MessageInitShape<O>): Promise<void>;
  readonly sink: CallSink;
}

export type Handler<I extends DescMessage, O extends DescMessage> = (
  input: AsyncIterator<MessageShape<I>>,
  context: CallContext<O>,
) => Promise<void>;

/** A method with its handler, types erased for the table. */
export interface Operation {
  readonly method: LiteMethod;
  readonly run: (input: AsyncIterable<Uint8Array>, sink: CallSink, signal: AbortSignal) => Promise<void>;
  /** For a method that answers without waiting for anything: the answer to an encoded request. */
  readonly answerNow?: (body: Uint8Array) => Uint8Array;
}

/** Ties a handler to its method: decodes what comes, encodes what goes. */
export function operation<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  handler: Handler<I, O>,
): Operation {
  return {
    method: method as unknown as LiteMethod,
    run: (input, sink, signal) =>
      handler(decodeAll(method, input), {
        signal,
        send: (message) => sink.send(liteEncode(method.output, message)),
        sink,
      }),
  };
}

/** For work that a lost session does not stop. */
const neverAborted = new AbortController().signal;

/**
 * For methods with one request and one answer. `signal` is aborted when the answer is not wanted any more; of a method
 * that detaches it never is: what was begun is finished.
 */
export function unaryOperation<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  answer: (request: MessageShape<I>, signal: AbortSignal) => MessageInitShape<O> | Promise<MessageInitShape<O>>,
): Operation {
  return operation(method, async (input, context) => {
    const request = await firstOf(input);
    await context.send(await answer(request, method.onDisconnect === 'stop' ? context.signal : neverAborted));
  });
}

/** As `unaryOperation`, for an answer that is there at once. */
export function immediateOperation<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  answer: (request: MessageShape<I>) => MessageInitShape<O>,
): Operation {
  return {
    ...unaryOperation(method, answer),
    answerNow: (body) => liteEncode(method.output, answer(decodeOne(method, body))),
  };
}

/** The first message of a call. */
export async function firstOf<T>(input: AsyncIterator<T>): Promise<T> {
  const first = await input.next();
  if (first.done === true) throw new OperationError('INVALID_ARGUMENT', 'The call has no request.');
  return first.value;
}

async function* decodeAll<I extends DescMessage>(
  method: LiteMethod<I>,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<MessageShape<I>> {
  for await (const body of input) yield decodeOne(method, body);
}

function decodeOne<I extends DescMessage>(method: LiteMethod<I>, body: Uint8Array): MessageShape<I> {
  try {
    return liteDecode(method.input, body);
  } catch (error) {
    if (error instanceof MalformedMessageError)
      throw new OperationError('INVALID_ARGUMENT', `${method.name}: ${error.message}`);
    throw error;
  }
}

/** The one place that calls handlers: known method, frozen or not, errors. */
export class OperationTable implements Dispatcher {
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #freeze: FreezeState;
  readonly #clock: Clock;

  constructor(operations: readonly Operation[], freeze: FreezeState, clock: Clock) {
    this.#operations = new Map(operations.map((each) => [each.method.name, each]));
    this.#freeze = freeze;
    this.#clock = clock;
  }

  methodOf(name: string): LiteMethod | undefined {
    return this.#operations.get(name)?.method;
  }

  /** `timeoutMs` 0: no deadline. */
  call(
    method: string,
    input: AsyncIterable<Uint8Array>,
    sink: (body: Uint8Array) => Promise<void>,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void> {
    const { signal, timeoutMs } = options;
    const late = (): Error => deadlineError(method, timeoutMs);
    return withDeadline({ timers: this.#clock, timeoutMs, signal, late }, (ending) =>
      this.run(method, abortable(input, ending), copyingSink(sink), ending),
    );
  }

  /**
   * As `call`, for a dialect that can take bulk bytes. The deadline is the caller's: at `signal` it must end the waits
   * for input and sink as well.
   */
  async run(method: string, input: AsyncIterable<Uint8Array>, sink: CallSink, signal: AbortSignal): Promise<void> {
    const found = this.#find(method);
    try {
      await found.run(input, sink, signal);
    } catch (error) {
      throw toOperationError(error);
    }
  }

  /** The answer of a method that has it at once; undefined for any other. Throws as `run` rejects. */
  answerNow(method: string, body: Uint8Array): Uint8Array | undefined {
    const answer = this.#operations.get(method)?.answerNow;
    if (answer === undefined) return undefined;
    this.#find(method);
    try {
      return answer(body);
    } catch (error) {
      throw toOperationError(error);
    }
  }

  #find(method: string): Operation {
    const found = this.#operations.get(method);
    if (found === undefined) throw new OperationError('UNKNOWN_METHOD', `This agent has no method ${method}.`);
    if (this.#freeze.isFrozen && !found.method.whileFrozen)
      throw new OperationError('FILESYSTEM_FROZEN', `${method} would write, and file systems are frozen.`);
    return found;
  }
}

/** Bulk bytes in a body of their own, for dialects whose messages are made elsewhere. */
function copyingSink(send: (body: Uint8Array) => Promise<void>): CallSink {
  return {
    unacknowledgedBytes: 0,
    onAcknowledged: undefined,
    send,
    sendBulk: async (maxBytes, fill, prefixOf) => {
      const data = new Uint8Array(Math.min(maxBytes, copiedBulkBytes));
      const count = fill(data);
      if (count === 0) return 0;
      const prefix = prefixOf(count);
      const body = new Uint8Array(prefix.length + count);
      body.set(prefix);
      body.set(data.subarray(0, count), prefix.length);
      await send(body);
      return count;
    },
  };
}

/** The same messages; a wait for the next one rejects when the signal is aborted. */
function abortable<T>(input: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = input[Symbol.asyncIterator]();
      return { next: () => orAborted(iterator.next(), signal) };
    },
  };
}

import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, liteDecode, liteEncode, MalformedMessageError } from '@innkeeper/contract/lite';
import { orAborted, withDeadline } from '@innkeeper/kit';
import type { FreezeState } from './freeze-state.ts';
import type { Clock } from './host.ts';
import { deadlineError, toOperationError } from './operation-errors.ts';
import { CallGate } from './serving/call-gate.ts';

const copiedBulkBytes = 60_000;

/** Runs calls by method name, independent of the dialect. */
export interface Dispatcher {
  /**
   * `input` and `sink` carry encoded messages; a view in `input` is valid until the next message is pulled. Resolves
   * when the call is over; rejects with OperationError.
   */
  call(
    method: string,
    input: AsyncIterable<Uint8Array>,
    sink: (body: Uint8Array) => Promise<void>,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void>;
}

/** Receives a call's answers. */
export interface CallSink {
  /** Bytes sent and not known to be consumed. 0 in dialects without that information. */
  readonly unacknowledgedBytes: number;
  /** Called whenever that number decreased. */
  onAcknowledged: (() => void) | undefined;
  send(body: Uint8Array): Promise<void>;
  /** Sends the last answer of a call, together with its end where the dialect has one. */
  sendLast?(body: Uint8Array): Promise<void>;
  /**
   * Sends bytes without copying them: `fill` writes at most `maxBytes` into the frame and returns the count (0: nothing
   * is sent), `prefixOf` returns the message's bytes before them. Resolves with the count.
   */
  sendBulk(
    maxBytes: number,
    fill: (into: Uint8Array) => number,
    prefixOf: (count: number) => Uint8Array,
  ): Promise<number>;
}

/** A sink of a dialect that carries bulk bytes without copies. */
export interface BulkSink extends CallSink {
  /** Sends what `fill` writes, message by message, as credit and channel allow, until it writes nothing. */
  sendStream(fill: (into: Uint8Array) => number, prefixOf: (count: number) => Uint8Array): Promise<void>;
  /**
   * Passes encoded messages of the input to `take` as they arrive, until it returns false for one or the input ends;
   * the handler's iterator gets that one and all later ones. Rejects with what `take` throws. Views are valid during
   * the call.
   */
  takeWhile(take: (body: Uint8Array) => boolean): Promise<void>;
}

/** Whether a sink can carry bulk bytes. */
export function isBulkSink(sink: CallSink): sink is BulkSink {
  return 'sendStream' in sink;
}

/** The context of a handler. */
export interface CallContext<O extends DescMessage> {
  readonly signal: AbortSignal;
  send(message: MessageInitShape<O>): Promise<void>;
  /** Sends an answer after which the handler returns: one write less than with `send`. */
  sendLast(message: MessageInitShape<O>): Promise<void>;
  readonly sink: CallSink;
}

export type Handler<I extends DescMessage, O extends DescMessage> = (
  input: AsyncIterator<MessageShape<I>>,
  context: CallContext<O>,
) => Promise<void>;

/** What a dialect has to know of a method besides the types of its messages. */
export type MethodRules = Pick<
  LiteMethod,
  'name' | 'kind' | 'whileFrozen' | 'onDisconnect' | 'isRepeatable' | 'capability' | 'onlyReads' | 'isPrivileged'
>;

/** Called before each call; throws if the guest does not allow it. */
export type CallCheck = (method: MethodRules) => void;

/** A method with its handler; message types are erased for the table. */
export interface Operation {
  readonly method: MethodRules;
  readonly run: (input: AsyncIterable<Uint8Array>, sink: CallSink, signal: AbortSignal) => Promise<void>;
  /** For a method that answers synchronously: the answer to an encoded request. */
  readonly answerNow?: (body: Uint8Array) => Uint8Array;
}

/** Binds a handler to its method: decodes requests and encodes answers. */
export function operation<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  handler: Handler<I, O>,
): Operation {
  return {
    method,
    run: (input, sink, signal) =>
      handler(decodeAll(method, input), {
        signal,
        send: (message) => sink.send(liteEncode(method.output, message)),
        sendLast: (message) => {
          const body = liteEncode(method.output, message);
          return sink.sendLast?.(body) ?? sink.send(body);
        },
        sink,
      }),
  };
}

/** A signal that is never aborted, for work that continues after a lost session. */
const neverAborted = new AbortController().signal;

/**
 * For methods with one request and one answer. `signal` is aborted when the answer is no longer wanted; for a method
 * that detaches it never is: what was started is finished.
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

/** Like `unaryOperation`, for an answer that is available synchronously. */
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

/** Loads the operations of a service ("innkeeper.agent.v1.FileService"); undefined if there is none with this name. */
export type LoadService = (name: string) => Promise<readonly Operation[]> | undefined;

/** The only place that calls handlers: loads the service, checks the method, the policy and the frozen state, maps errors. */
export class OperationTable implements Dispatcher {
  readonly #gate: CallGate;
  readonly #operations = new Map<string, Operation>();
  readonly #loadService: LoadService;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #freeze: FreezeState;
  readonly #clock: Clock;
  readonly #check: CallCheck;

  /**
   * @param operations those that need not be loaded
   * @param gate where calls wait while the agent is replaced
   * @param load called at the first call of a method of the service, and again if it failed; default: there is none
   * @param check default: everything is allowed
   */
  constructor(
    operations: readonly Operation[],
    freeze: FreezeState,
    clock: Clock,
    load: LoadService = () => undefined,
    gate: CallGate = new CallGate(),
    check: CallCheck = () => undefined,
  ) {
    this.#gate = gate;
    this.#add(operations);
    this.#loadService = load;
    this.#freeze = freeze;
    this.#clock = clock;
    this.#check = check;
  }

  #add(operations: readonly Operation[]): void {
    for (const each of operations) this.#operations.set(each.method.name, each);
  }

  /** Undefined for a method that this agent does not have, and before its service is loaded. */
  methodOf(name: string): MethodRules | undefined {
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
   * Like `call`, for a dialect that can carry bulk bytes. The caller handles the deadline: at `signal` it must also end
   * the waits for input and sink.
   */
  async run(method: string, input: AsyncIterable<Uint8Array>, sink: CallSink, signal: AbortSignal): Promise<void> {
    try {
      const waiting = this.#gate.wait(method, signal);
      if (waiting !== undefined) await waiting;
      if (!this.#operations.has(method)) await this.#load(method.slice(0, method.indexOf('/')));
      const found = this.#find(method);
      await this.#gate.count(found.method, () => found.run(input, sink, signal));
    } catch (error) {
      throw toOperationError(error);
    }
  }

  /**
   * The answer of a synchronous method; undefined for any other, and before its service is loaded. Throws what `run`
   * would reject with.
   */
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

  #load(service: string): Promise<void> {
    const known = this.#loading.get(service);
    if (known !== undefined) return known;
    const loading = this.#loadService(service)?.then((operations) => this.#add(operations));
    if (loading === undefined) return Promise.resolve();
    this.#loading.set(service, loading);
    loading.catch(() => this.#loading.delete(service));
    return loading;
  }

  #find(method: string): Operation {
    const found = this.#operations.get(method);
    if (found === undefined) throw new OperationError('UNKNOWN_METHOD', `This agent has no method ${method}.`);
    this.#check(found.method);
    if (this.#freeze.isFrozen && !found.method.whileFrozen)
      throw new OperationError('FILESYSTEM_FROZEN', `${method} is not possible while file systems are frozen.`);
    return found;
  }
}

/** Bulk bytes in their own body, for dialects that build their messages elsewhere. */
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

/** The same messages; waiting for the next one rejects when the signal is aborted. */
function abortable<T>(input: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = input[Symbol.asyncIterator]();
      return { next: () => orAborted(iterator.next(), signal) };
    },
  };
}

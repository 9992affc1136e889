import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { DialectCall } from '../dialect-call.ts';
import type { Arguments } from './arguments.ts';
import type { JsonValue } from './json-value.ts';

/** A call of an operation, which a command waits for. */
export type QgaCall = Pick<DialectCall<void>, 'method' | 'timeoutMs' | 'requests' | 'take'>;

/** What a command does: it yields calls, and gets on when each is over, or has the error thrown where it yielded. */
export type QgaSteps<T> = Generator<QgaCall, T, void>;

/** What the dialect itself knows. */
export interface QgaGuest {
  /** What guest-info says. */
  readonly version: string;
  /** Why a command is disabled: by the guest's lists or policy, or since file systems are frozen. */
  whyDisabled(name: string): string | undefined;
  /** All commands. */
  readonly commands: readonly Pick<QgaCommand, 'name' | 'isSilent'>[];
  /** Milliseconds until a freeze ends by itself; 0: never. */
  readonly freezeLeaseMs: number;
  /** An id that no freeze or process has. */
  freshId(): string;
}

/** What of a method decides whether a policy allows it. */
export type NeededMethod = Pick<LiteMethod, 'name' | 'capability' | 'onlyReads'>;

/** A command that is answered with one value. */
export interface QgaCommand {
  readonly name: string;
  /** Nothing is sent when it succeeded: the guest is on its way down. */
  readonly isSilent?: true;
  /** It may be called while file systems are frozen. */
  readonly whileFrozen?: true;
  /** Methods without any of which it can do nothing: it is disabled where the guest's policy forbids all of them. */
  readonly needs?: readonly NeededMethod[];
  /**
   * Reads the arguments and returns the steps.
   * @throws QgaError
   */
  prepare(parameters: Arguments, guest: QgaGuest): () => QgaSteps<JsonValue>;
}

/** A command without arguments. */
export function simple(
  name: string,
  run: (guest: QgaGuest) => QgaSteps<JsonValue>,
  options: Pick<QgaCommand, 'isSilent' | 'whileFrozen' | 'needs'> = {},
): QgaCommand {
  return { name, ...options, prepare: (_, guest) => () => run(guest) };
}

/** Calls a method that has one answer. */
export function* ask<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  timeoutMs = 60_000,
): QgaSteps<MessageShape<O>> {
  let answer: MessageShape<O> | undefined;
  yield {
    method: method.name,
    timeoutMs,
    requests: () => [liteEncode(method.input, request)],
    take: (body) => {
      answer = liteDecode(method.output, body);
      return false;
    },
  };
  if (answer === undefined) throw new OperationError('INTERNAL', `${method.name} returned no answer.`);
  return answer;
}

/** The steps of a command that needs no operation. */
export function* known<T>(result: T): QgaSteps<T> {
  yield* [];
  return result;
}

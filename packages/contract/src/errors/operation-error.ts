import { errorMessage } from '@innkeeper/kit';
import { type CodeName, codes } from './code.ts';
import { isReasonName, type ReasonName, reasons } from './reasons.ts';

/** An error as the peer sent it, in JSON or in a message. None of its fields are validated. */
export interface WireError {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly nextStep?: unknown;
}

/** Values for the parts that were not sent or are unknown to this version. */
export interface WireErrorDefaults {
  /** For a reason that this version does not know. Default: INTERNAL. */
  readonly reason?: ReasonName | undefined;
  /** Default: "The peer reported an error without a message." */
  readonly message?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A request failed. `message` is for the caller: what happened and why. The next step comes from the registry unless this
 * error has a more specific one. The cause is never sent to the peer.
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly reason: ReasonName;
  readonly code: CodeName;
  readonly nextStep: string;

  constructor(
    reason: ReasonName,
    message: string,
    options?: { readonly cause?: unknown; readonly nextStep?: string | undefined },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.code = reasons[reason].code;
    this.nextStep = options?.nextStep ?? reasons[reason].next;
  }

  /** The code's number on the wire. */
  get codeNumber(): number {
    return codes[this.code];
  }

  /** Returns `error` itself if it is an OperationError, otherwise INTERNAL with `error` as its cause. */
  static from(error: unknown): OperationError {
    if (isOperationError(error)) return error;
    return new OperationError('INTERNAL', errorMessage(error), { cause: error });
  }

  /** Returns the error that the peer sent. Without a next step it gets the registry's for its reason. */
  static fromWire({ reason, message, nextStep }: WireError, defaults: WireErrorDefaults = {}): OperationError {
    const { reason: otherwise = 'INTERNAL', cause } = defaults;
    const words = isText(message) ? message : (defaults.message ?? unnamed);
    return new OperationError(isText(reason) && isReasonName(reason) ? reason : otherwise, words, {
      ...(cause === undefined ? {} : { cause }),
      ...(isText(nextStep) ? { nextStep } : {}),
    });
  }
}

const unnamed = 'The peer reported an error without a message.';

/** An empty string is a field that was not set. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Checks the shape, since instanceof fails across copies of a package. */
export function isOperationError(error: unknown): error is OperationError {
  return error instanceof Error && error.name === 'OperationError' && 'reason' in error && 'code' in error;
}

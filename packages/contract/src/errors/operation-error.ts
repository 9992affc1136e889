import { type CodeName, codes } from './code.ts';
import { type ReasonName, reasons } from './reasons.ts';

/**
 * Something that was asked did not happen. `message` is for the caller: what happened and why. The next step comes from
 * the registry, unless this error knows a better one. The cause never crosses the wire.
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

  /** `error` itself if it is one, else INTERNAL with `error` as its cause. */
  static from(error: unknown): OperationError {
    if (isOperationError(error)) return error;
    return new OperationError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** By shape and not by instanceof, which fails across copies of a package. */
export function isOperationError(error: unknown): error is OperationError {
  return error instanceof Error && error.name === 'OperationError' && 'reason' in error && 'code' in error;
}

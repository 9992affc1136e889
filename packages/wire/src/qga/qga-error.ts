import { type JsonValue, object } from './json-value.ts';

export type QgaErrorClass = 'GenericError' | 'CommandNotFound';

/** An error with the text that clients of QGA know. */
export class QgaError extends Error {
  override readonly name = 'QgaError';
  readonly errorClass: QgaErrorClass;

  constructor(message: string, errorClass: QgaErrorClass = 'GenericError') {
    super(message);
    this.errorClass = errorClass;
  }
}

/** An answer that says what went wrong; `id` as the request has it. */
export function errorAnswer({ errorClass, message }: QgaError, id?: JsonValue): JsonValue {
  return object({ error: object({ class: errorClass, desc: message }), id });
}

/** An answer with a result. */
export function returnAnswer(result: JsonValue, id?: JsonValue): JsonValue {
  return object({ return: result, id });
}

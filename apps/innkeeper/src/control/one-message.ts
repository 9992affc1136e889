/** The one message of a call that streams only its answer. */
export async function only<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) return message;
  throw new Error('a call without a request');
}

/** It, as the stream that it came in. */
export async function* again<T>(message: T): AsyncIterable<T> {
  yield message;
}

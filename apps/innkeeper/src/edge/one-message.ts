import { OperationError } from '@innkeeper/contract';

/** The first message of a stream, and the stream as it came with another in its place. */
export interface TakenFirst<T> {
  readonly first: T;
  from(first: T): AsyncIterable<T>;
}

/** Takes the first message of a call's requests, to look at before the rest is passed on. */
export async function takeFirst<T>(messages: AsyncIterable<T>): Promise<TakenFirst<T>> {
  const iterator = messages[Symbol.asyncIterator]();
  const taken = await iterator.next();
  if (taken.done === true) throw new OperationError('INVALID_ARGUMENT', 'The call has no request message.');
  return {
    first: taken.value,
    async *from(first) {
      try {
        yield first;
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
      } finally {
        await iterator.return?.();
      }
    },
  };
}

import { OperationError } from '@innkeeper/contract';
import type { Caller } from '../access/caller.ts';

/**
 * The id of something that a token with allowed commands starts or reaches: it begins with the token's own, which the
 * caller need not know. An id that begins so stays as it is. Throws INVALID_ARGUMENT when it gets longer than `maxChars`.
 */
export function ownId(caller: Caller, id: string, maxChars: number): string {
  const prefix = ownPrefix(caller);
  const own = id.startsWith(prefix) ? id : `${prefix}${id}`;
  if (own.length <= maxChars) return own;
  throw new OperationError(
    'INVALID_ARGUMENT',
    `An id that this token gives has ${maxChars - prefix.length} characters at most.`,
  );
}

/** What the ids of a token begin with. */
export function ownPrefix(caller: Caller): string {
  return `${caller.token?.id}-`;
}

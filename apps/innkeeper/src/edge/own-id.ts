import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { maxIdChars } from '@innkeeper/contract/limits';
import { mapOwnedIds } from '@innkeeper/contract/rules';
import { newId } from '../access/secrets.ts';
import type { Caller } from '../ports/caller.ts';

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
    `An id given with this token can have at most ${maxChars - prefix.length} characters.`,
  );
}

/** What the ids of a token begin with. */
export function ownPrefix(caller: Caller): string {
  return `${caller.token?.id}-`;
}

/**
 * A request as this caller may make it: a token that is limited to certain commands reaches only what it started itself, so
 * the ids in it begin with the token's own, which it need not know. Throws INVALID_ARGUMENT.
 */
export function withOwnedIds<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc>,
  caller: Caller,
): MessageShape<Desc> {
  if (caller.allowedCommands.length === 0) return request;
  return mapOwnedIds(schema, request, (id) => ownId(caller, id === '' ? newId() : id, maxIdChars));
}

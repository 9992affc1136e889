import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize, maxPageTokenChars } from '@innkeeper/contract/limits';

/**
 * Checks a page that is sorted by its token against its request, so that a reader that follows the pages makes progress.
 * @throws OperationError GUEST_MISBEHAVES
 */
export function checkSortedPage(
  { pageSize = 0, pageToken = '' }: { readonly pageSize?: number | undefined; readonly pageToken?: string | undefined },
  { count, nextPageToken }: { readonly count: number; readonly nextPageToken: string },
): void {
  const most = Math.min(pageSize || defaultPageSize, maxPageSize);
  if (count > most) throw misbehaves(`A page of at most ${most} entries has ${count}.`);
  if (nextPageToken === '') return;
  if (count === 0 || nextPageToken.length > maxPageTokenChars || nextPageToken <= pageToken)
    throw misbehaves('A page has an impossible next page.');
}

/** @throws OperationError GUEST_MISBEHAVES */
export function checkCount(count: number, most: number, what: string): void {
  if (count > most) throw misbehaves(`A report of at most ${most} ${what} has ${count}.`);
}

export function misbehaves(message: string): OperationError {
  return new OperationError('GUEST_MISBEHAVES', message);
}

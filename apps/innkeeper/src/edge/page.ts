import { OperationError } from '@innkeeper/contract';
import { defaultPageSize, maxPageSize, maxPageTokenChars } from '@innkeeper/contract/limits';

/** What every request for a list has. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One page, and the token of the next one; empty on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** The number of entries of a page. `limit` is what older clients call it. Throws INVALID_ARGUMENT. */
export function pageSizeOf({ pageSize }: Pick<PageRequest, 'pageSize'>, limit = 0): number {
  const [asked, name] = pageSize === 0 ? [limit, 'limit'] : [pageSize, 'page_size'];
  if (asked > maxPageSize) {
    throw new OperationError('INVALID_ARGUMENT', `${name} is ${asked}; it can be at most ${maxPageSize}.`);
  }
  return asked === 0 ? defaultPageSize : asked;
}

/** Where a page continues, as `writeToken` wrote it; undefined for the first page. Throws INVALID_ARGUMENT. */
export function readToken({ pageToken }: Pick<PageRequest, 'pageToken'>): string | undefined {
  if (pageToken === '') return undefined;
  const text = pageToken.length > maxPageTokenChars ? '' : Buffer.from(pageToken, 'base64url').toString();
  if (text.startsWith('after ') && writeToken(text.slice(6)) === pageToken) return text.slice(6);
  throw otherList();
}

/** A token that continues after this place. Clients do not look into it. */
export function writeToken(after: string): string {
  return Buffer.from(`after ${after}`).toString('base64url');
}

/** A number in a token. Throws INVALID_ARGUMENT for a token of another list. */
export function tokenNumber(request: Pick<PageRequest, 'pageToken'>): number | undefined {
  const after = readToken(request);
  if (after === undefined) return undefined;
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw otherList();
}

/** For a token that belongs to another list. */
export function otherList(): OperationError {
  return new OperationError('INVALID_ARGUMENT', 'page_token is not one that this list returned.', {
    nextStep: 'Send the next_page_token of the previous answer, or none for the first page.',
  });
}

/** One page of a list that is in memory. */
export function pageOf<T>(all: readonly T[], request: PageRequest): Page<T> {
  const size = pageSizeOf(request);
  const from = tokenNumber(request) ?? 0;
  const end = from + size;
  return { items: all.slice(from, end), nextPageToken: end < all.length ? writeToken(String(end)) : '' };
}

/**
 * One page of a list that is read piece by piece, of which the caller may see only some: reads on until the page is full.
 * `read` gives at most `limit` rows after the row with this key.
 */
export async function readPage<Row>(
  { size, after }: { readonly size: number; readonly after: string | undefined },
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  { keyOf, isVisible }: { readonly keyOf: (row: Row) => string; readonly isVisible: (row: Row) => boolean },
): Promise<Page<Row>> {
  const items: Row[] = [];
  for (let place = after; ; ) {
    const rows = await read(place, size + 1);
    for (const row of rows) {
      if (!isVisible(row)) continue;
      const last = items.at(-1);
      if (items.length === size && last !== undefined) return { items, nextPageToken: writeToken(keyOf(last)) };
      items.push(row);
    }
    const last = rows.at(-1);
    if (rows.length <= size || last === undefined) return { items, nextPageToken: '' };
    place = keyOf(last);
  }
}

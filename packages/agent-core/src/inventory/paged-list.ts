import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize, maxPageTokenChars } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import { SortedPage } from '../tree/sorted-page.ts';

interface Keyed {
  /** Its place in the list, and the page token after it. */
  readonly key: string;
}

/** One page of a list that is too long to be held: items are offered in any order, and those of the page are kept. */
export class PagedList<T extends Keyed> {
  readonly #after: string;
  readonly #page: SortedPage<T>;
  #total = 0;

  /** @throws OperationError INVALID_ARGUMENT */
  constructor({ pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string }) {
    if (pageSize > maxPageSize)
      throw new OperationError('INVALID_ARGUMENT', `page_size must be at most ${maxPageSize}.`);
    if (pageToken.length > maxPageTokenChars) throw new OperationError('INVALID_ARGUMENT', 'page_token is too long.');
    this.#after = pageToken;
    this.#page = new SortedPage(pageSize || defaultPageSize, (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  offer(item: T): void {
    this.#total++;
    if (item.key > this.#after) this.#page.offer(item);
  }

  /** The items that fit into an answer. @param textsOf an item's texts, besides `fixedBytes` for its numbers and tags */
  finish(
    textsOf: (item: T) => readonly string[],
    fixedBytes: number,
  ): { readonly items: readonly T[]; readonly total: number; readonly nextPageToken: string } {
    const { items, more } = this.#page;
    const room = new AnswerRoom();
    const end = items.findIndex((item) => !room.take(textsOf(item), fixedBytes));
    const kept = end < 0 ? items : items.slice(0, end);
    return { items: kept, total: this.#total, nextPageToken: more || end >= 0 ? (kept.at(-1)?.key ?? '') : '' };
  }
}

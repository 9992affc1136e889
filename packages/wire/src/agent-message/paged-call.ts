import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, type LiteType, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { Allowance } from '../byte-budget.ts';
import type { AgentMessageCall } from './reply.ts';
import { failedReply } from './unsupported.ts';

/** Entries asked for at once: the most that methods give. */
const pageEntries = 1000;

export interface PagedCall<I extends DescMessage, O extends DescMessage, R extends DescMessage, Item> {
  readonly method: LiteMethod<I, O>;
  readonly request: (page: { readonly pageSize: number; readonly pageToken: string }) => MessageInitShape<I>;
  readonly itemsOf: (page: MessageShape<O>) => readonly Item[];
  readonly nextTokenOf: (page: MessageShape<O>) => string;
  /** Of the response in AgentMessage. */
  readonly tag: number;
  readonly response: LiteType<R>;
  /** Its fields before the list. */
  readonly opening: MessageInitShape<R>;
  /** The list of a page. */
  readonly list: (items: readonly Item[]) => MessageInitShape<R>;
  /** Its fields after the list. Default: none. */
  readonly closing?: (end: PagedEnd<MessageShape<O>>) => MessageInitShape<R>;
  /** Default: all. */
  readonly isWanted?: (item: Item) => boolean;
  /** 0: all. */
  readonly maxEntries: number;
  /** The first page. Default: the beginning. */
  readonly pageToken?: string;
  /** After the last wanted entry, go on to count the others that are wanted. */
  readonly countsAll?: boolean;
  /** The response can say where it goes on. Default: a list that does not fit is an error. */
  readonly canBeCut?: boolean;
  /** Memory for the response. */
  readonly allowance: Allowance;
}

/** How a list ended. */
export interface PagedEnd<Page> {
  readonly lastPage: Page;
  /** Number of wanted entries, as far as the list was read. */
  readonly matches: number;
  /** Where the list goes on; empty: it is complete. */
  readonly nextToken: string;
}

/** A request for a list, which methods give in pages; a failure is its response with `error`. */
export function pagedCall<I extends DescMessage, O extends DescMessage, R extends DescMessage, Item>(
  options: PagedCall<I, O, R, Item>,
): AgentMessageCall {
  const { method, tag, response, maxEntries, allowance } = options;
  const parts: Uint8Array[] = [];
  let end: PagedEnd<MessageShape<O>> | undefined;
  let kept = 0;
  let isFull = false;
  const take = (page: MessageShape<O>, pageToken: string): void => {
    const wanted = options.itemsOf(page).filter(options.isWanted ?? (() => true));
    const room = maxEntries === 0 ? wanted.length : maxEntries - kept;
    const bytes = liteEncode(response, options.list(wanted.slice(0, room)));
    const matches = (end?.matches ?? 0) + wanted.length;
    const fits = allowance.take(bytes.length) === bytes.length;
    // Without its first page a list would seem complete, or begin again.
    const isFirst = pageToken === (options.pageToken ?? '');
    if (!fits && (options.canBeCut !== true || isFirst)) throw tooLarge(kept);
    if (fits) {
      if (bytes.length > 0) parts.push(bytes);
      kept += Math.min(room, wanted.length);
    }
    isFull = !fits || (maxEntries > 0 && kept >= maxEntries);
    end = { lastPage: page, matches, nextToken: fits ? options.nextTokenOf(page) : pageToken };
  };
  const pageCall = (pageToken: string): AgentMessageCall => ({
    method: method.name,
    timeoutMs: method.timeoutMs,
    *requests() {
      const left = options.isWanted === undefined && maxEntries > 0 ? maxEntries - kept : pageEntries;
      const pageSize = Math.max(1, Math.min(left, pageEntries));
      yield liteEncode(method.input, options.request({ pageSize, pageToken }));
    },
    take: (body) => {
      take(liteDecode(method.output, body), pageToken);
      return false;
    },
    next: () => {
      const following = end?.nextToken ?? '';
      const isOver = following === '' || following === pageToken || (isFull && options.countsAll !== true);
      return isOver ? undefined : pageCall(following);
    },
    finish: (error) => {
      if (end === undefined || error !== undefined)
        return failedReply(tag, error ?? new OperationError('INTERNAL', 'The call ended without an answer.'));
      const closing = options.closing === undefined ? [] : [liteEncode(response, options.closing(end))];
      return { tag, parts: [liteEncode(response, options.opening), ...parts, ...closing] };
    },
  });
  return pageCall(options.pageToken ?? '');
}

function tooLarge(kept: number): OperationError {
  const text = `The list is too long for one answer: ${kept} entries fit. Ask for fewer with max_entries or a filter.`;
  return new OperationError('ANSWER_TOO_LARGE', text);
}

/** Whether one of the texts has the filter in it, without regard to case; an empty filter is in all of them. */
export function matchesFilter(filter: string, ...texts: readonly string[]): boolean {
  const wanted = filter.toLowerCase();
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { LogBatchSchema, LogEntrySchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxLogLines, maxLogMessageChars, maxLogTextChars } from '@innkeeper/contract/limits';

export type EntryInit = MessageInitShape<typeof LogEntrySchema> & { readonly message: string };
type Batch = MessageInitShape<typeof LogBatchSchema>;

/** UTF-16 units of what waits for the end of the backlog; older entries are dropped. */
const maxKeptChars = 512 * 1024;
/** UTF-16 units of a batch: at most three bytes each, so that it fits into a frame of 64 KiB. */
const batchChars = 16_000;
const entryChars = 64;

export interface FeedOptions {
  readonly text: string;
  readonly lines?: number;
  readonly maxPriority?: number;
  readonly sinceUnixNs?: bigint;
  readonly cursor: string;
}

/**
 * Filters the entries of a source and sends them in batches, waiting for the reader. Of the backlog, the entries that exist
 * when it starts, only the last `lines` are sent.
 */
export class LogFeed {
  /** How many of the last entries of the backlog are to be sent. */
  readonly wanted: number;
  readonly #send: (batch: Batch) => Promise<void>;
  readonly #options: FeedOptions;
  readonly #text: string;
  /** Entries of the backlog that are sent at most; Infinity once it has ended, and after a cursor. */
  #most: number;
  #kept: { readonly entry: EntryInit; readonly cursor: string }[] = [];
  #keptChars = 0;
  #cursor: string;
  #lost = 0;
  #rotated = false;

  /**
   * @param isExact the source offers only `wanted` entries of the backlog unless a text is searched, so that none has to be
   *   kept back
   * @throws OperationError INVALID_ARGUMENT
   */
  constructor(send: (batch: Batch) => Promise<void>, options: FeedOptions, isExact: boolean) {
    const { text, lines = defaultPageSize, cursor } = options;
    if (text.length > maxLogTextChars)
      throw new OperationError('INVALID_ARGUMENT', `text must have at most ${maxLogTextChars} characters.`);
    if (lines > maxLogLines) throw new OperationError('INVALID_ARGUMENT', `lines must be at most ${maxLogLines}.`);
    this.#send = send;
    this.#options = options;
    this.#text = text.toLowerCase();
    this.#cursor = cursor;
    this.wanted = lines;
    this.#most = cursor !== '' || (isExact && text === '') ? Number.POSITIVE_INFINITY : lines;
  }

  /** Where the source begins, for a reader that is lost before the first entry. */
  begin(cursor: string): void {
    this.#cursor = cursor;
  }

  /** Whether entries are chosen by their text, so that more than `wanted` have to be offered. */
  get searches(): boolean {
    return this.#text !== '';
  }

  /** @param cursor the place after this entry */
  async offer(entry: EntryInit, cursor: string): Promise<void> {
    this.#cursor = cursor;
    if (!this.#matches(entry)) return;
    const message = entry.message.slice(0, maxLogMessageChars);
    this.#kept.push({ entry: { ...entry, message }, cursor });
    this.#keptChars += message.length + entryChars;
    if (this.#most === Number.POSITIVE_INFINITY) {
      if (this.#keptChars > batchChars) await this.flush();
      return;
    }
    while (this.#kept.length > this.#most || this.#keptChars > maxKeptChars)
      this.#keptChars -= (this.#kept.shift()?.entry.message.length ?? 0) + entryChars;
  }

  /** Entries that the source no longer has. */
  lose(count: number): void {
    this.#lost += count;
  }

  rotate(): void {
    this.#rotated = true;
  }

  /** The backlog has been offered. */
  async endBacklog(): Promise<void> {
    this.#most = Number.POSITIVE_INFINITY;
    await this.flush(true);
  }

  /** Sends what waits. Also sends an empty batch if the backlog ended, or something was lost. */
  async flush(caughtUp = false): Promise<void> {
    if (this.#most !== Number.POSITIVE_INFINITY) return;
    while (this.#kept.length > 0 || caughtUp || this.#lost > 0 || this.#rotated) {
      let chars = 0;
      let count = 0;
      for (const { entry } of this.#kept) {
        chars += entry.message.length + entryChars;
        if (count > 0 && chars > batchChars) break;
        count += 1;
      }
      const sent = this.#kept.splice(0, count);
      const isLast = this.#kept.length === 0;
      const cursor = isLast ? this.#cursor : sent.at(-1)?.cursor;
      const entries = sent.map(({ entry }) => entry);
      const [lost, rotated] = [BigInt(this.#lost), this.#rotated];
      [this.#lost, this.#rotated] = [0, false];
      await this.#send({ entries, lost, rotated, caughtUp: caughtUp && isLast, cursor: cursor ?? '' });
      if (isLast) break;
    }
    this.#keptChars = 0;
  }

  #matches({ message, source = '', priority, timeUnixNs }: EntryInit): boolean {
    const { maxPriority, sinceUnixNs } = this.#options;
    if (maxPriority !== undefined && (priority ?? 0) > maxPriority) return false;
    if (sinceUnixNs !== undefined && (timeUnixNs ?? 0n) < sinceUnixNs) return false;
    return this.#text === '' || message.toLowerCase().includes(this.#text) || source.toLowerCase() === this.#text;
  }
}

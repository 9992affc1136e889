import { maxSkippedEntries, maxSkippedEntryChars } from '@innkeeper/contract/limits';

/** One less than the maximum: the last line is the number of further ones. */
const maxListed = maxSkippedEntries - 1;

/** The first entries that an archive or its copy lacks, with the reason, and the number of further ones. */
export class SkippedList {
  readonly #listed: string[] = [];
  #unlisted = 0;

  /** At most 100. The last one can be the number of further ones. */
  get entries(): string[] {
    return this.#unlisted > 0 ? [...this.#listed, `${this.#unlisted} more entries`] : this.#listed;
  }

  /** Returns the text in the length that is reported. */
  add(what: string): string {
    const text = what.slice(0, maxSkippedEntryChars);
    if (this.#listed.length < maxListed) this.#listed.push(text);
    else this.#unlisted++;
    return text;
  }
}

/**
 * Bytes for a list in a unary answer of at most 65,000 bytes (docs/protocol/native.md); the rest is for other fields.
 */
const roomBytes = 60_000;

/** Counts the size of a list in a unary answer. Items that no longer fit go to the next page. */
export class AnswerRoom {
  #left = roomBytes;

  /** Reserves room for an item: its strings, and `fixedBytes` for its numbers and tags. False if it does not fit. */
  take(texts: readonly string[], fixedBytes: number): boolean {
    const bytes = fixedBytes + texts.reduce((sum, text) => sum + utf8Bound(text), 0);
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** Upper bound of the text's size in UTF-8 with its length prefix. */
function utf8Bound(text: string): number {
  let bytes = 5;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  }
  return bytes;
}

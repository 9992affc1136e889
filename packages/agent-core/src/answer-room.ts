/** Of the 65,000 bytes that a unary answer may have (docs/protocol/native.md); the rest is for what is beside a list. */
const roomBytes = 60_000;

/** Counts what a list in a unary answer takes. What does not fit any more is left to the next page. */
export class AnswerRoom {
  #left = roomBytes;

  /** Takes the room of an item: its strings, and `fixedBytes` for its numbers and tags. False when there is none left. */
  take(texts: readonly string[], fixedBytes: number): boolean {
    const bytes = fixedBytes + texts.reduce((sum, text) => sum + utf8Bound(text), 0);
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** At least as many bytes as the text has in UTF-8, with its length before it. */
function utf8Bound(text: string): number {
  let bytes = 5;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
  }
  return bytes;
}

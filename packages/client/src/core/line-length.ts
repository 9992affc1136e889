/** The longest line that a terminal in canonical mode passes to a program, without its end: N_TTY_BUF_SIZE - 1. */
export const maxLineBytes = 4095;

/** CR, LF, and the keys that end or drop a line: ^C, ^D, ^U. */
const endsLine: ReadonlySet<number> = new Set([0x0d, 0x0a, 0x03, 0x04, 0x15]);
const escapeByte = 0x1b;
/** What terminals put around pasted text if a program has asked for it, which then reads single keys. */
const pasteMarks = { start: '\u001b[200~', end: '\u001b[201~' } as const;

/**
 * Counts the bytes of the line that is being sent to a terminal in a guest. A program that reads whole lines, such as cat
 * or read, gets only the first 4,095 of a longer one: the kernel drops the rest and does not say so. Marked pastes are not
 * counted.
 */
export class LineLength {
  #bytes = 0;
  #reported = false;
  #isPaste = false;
  /** The bytes of a mark so far. */
  #mark = '';

  /** Returns whether the line has just become too long; once per line. */
  add(input: Uint8Array): boolean {
    let exceeded = false;
    for (const byte of input) {
      this.#find(byte);
      if (this.#isPaste) continue;
      if (endsLine.has(byte)) {
        this.#bytes = 0;
        this.#reported = false;
      } else if (++this.#bytes > maxLineBytes && !this.#reported) {
        this.#reported = true;
        exceeded = true;
      }
    }
    return exceeded;
  }

  #find(byte: number): void {
    if (byte === escapeByte) this.#mark = '';
    else if (this.#mark === '') return;
    this.#mark += String.fromCharCode(byte);
    const sought = this.#isPaste ? pasteMarks.end : pasteMarks.start;
    if (this.#mark === sought) this.#isPaste = !this.#isPaste;
    if (this.#mark.length === sought.length || !sought.startsWith(this.#mark)) this.#mark = '';
  }
}

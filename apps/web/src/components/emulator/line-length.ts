/** The longest line that a terminal in canonical mode passes to a program, without its end: N_TTY_BUF_SIZE - 1. */
export const maxLineBytes = 4095;

/** CR, LF, and the keys that end or drop a line: ^C, ^D, ^U. */
const endsLine: ReadonlySet<number> = new Set([0x0d, 0x0a, 0x03, 0x04, 0x15]);

/**
 * Counts the bytes of the line that is being sent. A program that reads whole lines, such as cat or read, gets only the
 * first 4,095 of a longer one: the kernel drops the rest and does not say so.
 */
export class LineLength {
  #bytes = 0;
  #reported = false;

  /** Returns whether the line has just become too long; once per line. */
  add(input: Uint8Array): boolean {
    let exceeded = false;
    for (const byte of input) {
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
}

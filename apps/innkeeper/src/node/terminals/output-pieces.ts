import { kib } from '@innkeeper/kit';

const maxPieceBytes = 16 * kib;
/** Maximum sequences of one piece. Scrolling 200 rows of 500 columns takes 1 ms on an idle machine; text is much cheaper. */
const fewestSequences = 4;
const mostSequences = 256;
/** After a piece that took longer, the next ones are smaller. */
const longPieceMs = 20;

/**
 * Splits output into pieces that do not block the daemon for long. Six bytes can scroll or clear a large screen, so that a
 * guest could keep the parser busy with little output; a piece has at most as many sequences as recently took 20 ms.
 */
export class OutputPieces {
  #sequences = mostSequences / 4;

  /** The end of the piece that begins at `start`. */
  end(bytes: Uint8Array, start: number): number {
    const last = Math.min(bytes.length, start + maxPieceBytes);
    let sequences = 0;
    for (let at = start; at < last; at++) {
      // ESC, or the first byte of a one-character (C1) equivalent.
      if (bytes[at] === 0x1b || bytes[at] === 0xc2) sequences += 1;
      if (sequences > this.#sequences) return at;
    }
    return last;
  }

  /** Reports how long a piece took. */
  took(ms: number): void {
    if (ms > longPieceMs) this.#sequences = Math.max(fewestSequences, this.#sequences / 2);
    else if (ms < longPieceMs / 4) this.#sequences = Math.min(mostSequences, this.#sequences * 2);
  }
}

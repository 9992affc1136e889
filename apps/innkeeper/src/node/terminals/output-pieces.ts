import { kib } from '@innkeeper/kit';

const maxPieceBytes = 16 * kib;
/** Of one piece. Scrolling 200 rows of 500 columns takes 1 ms on a machine with nothing else to do; text takes nearly nothing. */
const fewestSequences = 4;
const mostSequences = 256;
/** A piece that takes longer makes the next ones smaller. */
const longPieceMs = 20;

/**
 * Cuts output into pieces that do not hold the daemon for long. Six bytes can scroll a large screen away or clear it, so a
 * guest could keep a parser busy with little; a piece has no more sequences than lately took 20 ms.
 */
export class OutputPieces {
  #sequences = mostSequences / 4;

  /** Where the piece that begins at `start` ends. */
  end(bytes: Uint8Array, start: number): number {
    const last = Math.min(bytes.length, start + maxPieceBytes);
    let sequences = 0;
    for (let at = start; at < last; at++) {
      // ESC, or the first byte of what says the same in one character.
      if (bytes[at] === 0x1b || bytes[at] === 0xc2) sequences += 1;
      if (sequences > this.#sequences) return at;
    }
    return last;
  }

  /** A piece took so long. */
  took(ms: number): void {
    if (ms > longPieceMs) this.#sequences = Math.max(fewestSequences, this.#sequences / 2);
    else if (ms < longPieceMs / 4) this.#sequences = Math.min(mostSequences, this.#sequences * 2);
  }
}

import { StringDecoder } from 'node:string_decoder';
import { clean } from './clean.ts';

/**
 * Kept output of a guest for a terminal: its lines and tabs, with "·" for every other control character, so that a log
 * neither moves the cursor nor sets a title. Pieces may end anywhere; at most four bytes are held.
 */
export class LogText {
  readonly #decoder = new StringDecoder('utf8');
  /** A carriage return at the end of a piece: whether it belongs to the end of a line is not known yet. */
  #isReturnHeld = false;

  take(piece: Uint8Array): string {
    const text = `${this.#isReturnHeld ? '\r' : ''}${this.#decoder.write(Buffer.from(piece))}`;
    this.#isReturnHeld = text.endsWith('\r');
    return fit(this.#isReturnHeld ? text.slice(0, -1) : text);
  }

  /** What was held. */
  end(): string {
    const text = `${this.#isReturnHeld ? '\r' : ''}${this.#decoder.end()}`;
    this.#isReturnHeld = false;
    return fit(text);
  }
}

function fit(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/(\n|\t)/)
    .map((part) => (part === '\n' || part === '\t' ? part : clean(part)))
    .join('');
}

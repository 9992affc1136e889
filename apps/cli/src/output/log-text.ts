import { StringDecoder } from 'node:string_decoder';
import { clean } from './clean.ts';

/**
 * Stored output of a guest for a terminal: line breaks and tabs stay, "·" replaces every other control character, so that
 * a log can neither move the cursor nor set a title. Chunks may end anywhere; at most four bytes are held back.
 */
export class LogText {
  readonly #decoder = new StringDecoder('utf8');
  /** Whether the last chunk ended with a carriage return, which may be the first half of a line break. */
  #isReturnHeld = false;

  push(chunk: Uint8Array): string {
    const text = `${this.#isReturnHeld ? '\r' : ''}${this.#decoder.write(Buffer.from(chunk))}`;
    this.#isReturnHeld = text.endsWith('\r');
    return withoutControls(this.#isReturnHeld ? text.slice(0, -1) : text);
  }

  /** The rest that was held back. */
  end(): string {
    const text = `${this.#isReturnHeld ? '\r' : ''}${this.#decoder.end()}`;
    this.#isReturnHeld = false;
    return withoutControls(text);
  }
}

function withoutControls(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/(\n|\t)/)
    .map((part) => (part === '\n' || part === '\t' ? part : clean(part)))
    .join('');
}

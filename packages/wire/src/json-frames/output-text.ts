import type { Allowance } from '../byte-budget.ts';

const decoderOptions = { stream: true } as const;
const encoder = new TextEncoder();
/** Pieces of output are escaped in parts of this many characters, so that a long one can be kept up to the limit. */
const partChars = 4096;

/** What stands at the end of output that was cut. */
const cutMarker = '\n[output cut by the agent]\n';

/** The output of a program as the inside of a JSON string, up to a limit of its escaped bytes. */
export class OutputText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #allowance: Allowance;
  readonly #reserve: Allowance | undefined;
  readonly parts: Uint8Array[] = [];
  #isCut = false;

  /** @param reserve used when `allowance` is used up */
  constructor(allowance: Allowance, reserve?: Allowance) {
    this.#allowance = allowance;
    this.#reserve = reserve;
  }

  append(bytes: Uint8Array): void {
    if (!this.#isCut) this.#keep(this.#decoder.decode(bytes, decoderOptions));
  }

  /** Ends the text, with the marker if it was cut. */
  end(): void {
    if (!this.#isCut) this.#keep(this.#decoder.decode());
    if (this.#isCut) this.parts.push(escaped(cutMarker));
  }

  #keep(text: string): void {
    for (let at = 0; at < text.length && !this.#isCut; ) {
      let end = Math.min(at + partChars, text.length);
      // Not between the halves of a character.
      if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
      const part = escaped(text.slice(at, end));
      if (take(this.#allowance, part.length) || (this.#reserve !== undefined && take(this.#reserve, part.length)))
        this.parts.push(part);
      else this.#isCut = true;
      at = end;
    }
  }
}

function take(allowance: Allowance, bytes: number): boolean {
  return allowance.take(bytes) === bytes;
}

function escaped(text: string): Uint8Array {
  return encoder.encode(JSON.stringify(text).slice(1, -1));
}

import { decodeUtf8, encodeUtf8 } from 'host';

class Encoder {
  encode(text = ''): Uint8Array<ArrayBuffer> {
    return encodeUtf8(text);
  }
}

class Decoder {
  readonly #fatal: boolean;

  constructor(_label?: string, options?: { fatal?: boolean }) {
    this.#fatal = options?.fatal === true;
  }

  decode(bytes?: Uint8Array): string {
    if (bytes === undefined) return '';
    const text = decodeUtf8(bytes, this.#fatal);
    if (text === undefined) throw new TypeError('The bytes are not valid UTF-8.');
    return text;
  }
}

/** Defines TextEncoder and TextDecoder, implemented in C, as globals. */
export function installTextCoding(): void {
  Object.assign(globalThis, { TextEncoder: Encoder, TextDecoder: Decoder });
}

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
    if (text === undefined) throw new TypeError('The bytes are no UTF-8.');
    return text;
  }
}

/** Puts TextEncoder and TextDecoder, made of C, on the global object. */
export function installTextCoding(): void {
  Object.assign(globalThis, { TextEncoder: Encoder, TextDecoder: Decoder });
}

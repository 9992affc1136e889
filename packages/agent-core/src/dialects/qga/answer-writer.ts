import type { Channel } from '@innkeeper/kit';
import { type JsonValue, printParts, Streamed } from '@innkeeper/wire';
import { Spool } from '../../file/spool.ts';
import type { Bytes } from '../../host.ts';

/** A multiple of three, so that a piece in base64 needs no padding but at the end. */
const groupBytes = 48 * 1024;

/** Writes answers to a channel; contents in pieces, in base64. */
export class AnswerWriter {
  readonly #channel: Channel;
  readonly #bytes: Bytes;
  readonly #encoder = new TextEncoder();
  #group: Uint8Array | undefined;
  #encoded = new Uint8Array(0);
  #length = 0;

  constructor(channel: Channel, bytes: Bytes) {
    this.#channel = channel;
    this.#bytes = bytes;
  }

  /** A whole answer, with the contents of its spools; `first` stands before it. */
  async value(answer: JsonValue, first?: Uint8Array): Promise<void> {
    let text = '';
    for (const part of printParts(answer)) {
      if (!(part instanceof Streamed)) text += part;
      else if (part.source instanceof Spool) {
        await this.text(text);
        text = '';
        for (const piece of part.source.read()) await this.content(piece);
        await this.endContent();
      }
    }
    // In one write with the end of the line: a client wakes once.
    const rest = this.#encoder.encode(`${text}\n`);
    await this.#channel.write(first === undefined ? rest : joined(first, rest));
  }

  async text(text: string): Promise<void> {
    await this.#channel.write(this.#encoder.encode(text));
  }

  /** Further bytes of a content. */
  async content(bytes: Uint8Array): Promise<void> {
    this.#group ??= new Uint8Array(groupBytes);
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, groupBytes - this.#length);
      this.#group.set(bytes.subarray(at, at + count), this.#length);
      this.#length += count;
      at += count;
      if (this.#length === groupBytes) await this.endContent();
    }
  }

  async endContent(): Promise<void> {
    if (this.#group === undefined || this.#length === 0) return;
    if (this.#encoded.length === 0) this.#encoded = new Uint8Array((groupBytes / 3) * 4);
    const length = this.#bytes.encodeBase64(this.#group.subarray(0, this.#length), this.#encoded);
    this.#length = 0;
    await this.#channel.write(this.#encoded.subarray(0, length));
  }
}

function joined(first: Uint8Array, rest: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + rest.length);
  all.set(first);
  all.set(rest, first.length);
  return all;
}

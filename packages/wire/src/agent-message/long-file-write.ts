import type { AgentMessage } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageFileWriteTag, fileWriteRequestDataTag } from '@innkeeper/contract/agent-message-tags';
import { FieldReader, liteDecode, MalformedMessageError } from '@innkeeper/contract/lite';
import { maxMessageBytes } from './limits.ts';

/** Bytes of the fields of a file_write besides its data: a path has 4 KiB at most. */
const maxOtherBytes = 16 * 1024;
const maxVarintBytes = 10;

/**
 * Reads a file_write that is too long to be kept: its data passes by, and everything else is kept. `push` throws
 * MalformedMessageError.
 */
export class LongFileWrite {
  /** The envelope, up to the tag of the payload. */
  readonly #envelope: Uint8Array;
  readonly #other = new Uint8Array(maxOtherBytes);
  #otherBytes = 0;
  /** What the next bytes are. */
  #next: 'tag' | 'varint' | 'length' | 'other' | 'data' = 'tag';
  #tag = 0;
  #varint = 0;
  #varintBytes = 0;
  /** Of the field with a length. */
  #left = 0;
  #hasData = false;
  /** Bytes of the payload that have not arrived. */
  #payloadLeft: number;
  /** Bytes of data so far. */
  dataBytes = 0;

  private constructor(envelope: Uint8Array, payloadBytes: number) {
    this.#envelope = envelope;
    this.#payloadLeft = payloadBytes;
  }

  /**
   * By the first bytes of a message; undefined if it is another one.
   * @param lengthBytes of the whole message
   */
  static begin(
    start: Uint8Array,
    lengthBytes: number,
  ): { readonly write: LongFileWrite; readonly rest: Uint8Array } | undefined {
    const reader = new FieldReader(start, 0, start.length);
    try {
      for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
        if (tag !== agentMessageFileWriteTag) {
          reader.skip(tag & 7);
          continue;
        }
        const end = reader.position;
        const payloadBytes = reader.varint();
        // Nothing may follow it: of two payloads, the last one counts.
        if (reader.position + payloadBytes !== lengthBytes) return undefined;
        const write = new LongFileWrite(start.slice(0, end), payloadBytes);
        return { write, rest: start.subarray(reader.position) };
      }
    } catch {
      // The bytes end within a field, or are not a message.
    }
    return undefined;
  }

  /** How many of these bytes belong to it. */
  room(available: number): number {
    return Math.min(available, this.#payloadLeft);
  }

  get isOver(): boolean {
    return this.#payloadLeft === 0;
  }

  /** Takes bytes of the payload; data is passed on in pieces, which are views of them. */
  push(bytes: Uint8Array, onData: (piece: Uint8Array) => void): void {
    this.#payloadLeft -= bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#next !== 'data' && this.#next !== 'other') {
        this.#takeByte(bytes[at++] as number);
        continue;
      }
      const piece = bytes.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#next === 'other') this.#keep(piece);
      else {
        this.dataBytes += piece.length;
        onData(piece);
      }
      if (this.#left === 0) this.#next = 'tag';
    }
  }

  /** The message without its data, once it is over. @throws MalformedMessageError */
  finish(): AgentMessage {
    if (this.#next !== 'tag') throw new MalformedMessageError('A file_write ends within a field.');
    const other = this.#other.subarray(0, this.#otherBytes);
    const length = varintOf(other.length);
    const bytes = new Uint8Array(this.#envelope.length + length.length + other.length);
    bytes.set(this.#envelope);
    bytes.set(length, this.#envelope.length);
    bytes.set(other, this.#envelope.length + length.length);
    return liteDecode(AgentMessageLite, bytes);
  }

  #takeByte(byte: number): void {
    if (this.#next === 'tag') {
      this.#tag = byte;
      const type = byte & 7;
      if (byte >= 0x80 || (type !== 0 && type !== 2))
        throw new MalformedMessageError('A file_write has another field.');
      this.#next = type === 0 ? 'varint' : 'length';
      [this.#varint, this.#varintBytes] = [0, 0];
      if (byte !== fileWriteRequestDataTag) this.#keep(Uint8Array.of(byte));
      return;
    }
    if (this.#tag !== fileWriteRequestDataTag) this.#keep(Uint8Array.of(byte));
    if (++this.#varintBytes > maxVarintBytes) throw new MalformedMessageError('A number of a file_write has no end.');
    this.#varint += (byte & 0x7f) * 2 ** (7 * (this.#varintBytes - 1));
    if (byte >= 0x80) return;
    if (this.#next === 'varint') this.#next = 'tag';
    else this.#beginBytes();
  }

  #beginBytes(): void {
    const isData = this.#tag === fileWriteRequestDataTag;
    if (this.#varint > maxMessageBytes || (isData && this.#hasData))
      throw new MalformedMessageError('A field of a file_write is longer than it, or there twice.');
    this.#hasData ||= isData;
    this.#left = this.#varint;
    this.#next = this.#left === 0 ? 'tag' : isData ? 'data' : 'other';
  }

  #keep(bytes: Uint8Array): void {
    if (this.#otherBytes + bytes.length > maxOtherBytes)
      throw new MalformedMessageError('A file_write has too much besides its data.');
    this.#other.set(bytes, this.#otherBytes);
    this.#otherBytes += bytes.length;
  }
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return [...bytes, left];
}

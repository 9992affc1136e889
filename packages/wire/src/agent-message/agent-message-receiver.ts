import type { AgentMessage } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteDecode, MalformedMessageError } from '@innkeeper/contract/lite';
import { type Header, type HeaderForm, headerProbeBytes, readHeader } from './header.ts';
import { LongFileWrite } from './long-file-write.ts';
import { type Envelope, peekEnvelope } from './peek-envelope.ts';

/**
 * `message`: its bytes are copied, nothing of it changes later. `oversize`: a message above the limit, which is being
 * skipped. `malformed`: bytes that are not a message; reported once until the next message.
 */
export type AgentMessageIncoming =
  | {
      readonly type: 'message';
      readonly form: HeaderForm;
      readonly message: AgentMessage;
      readonly lengthBytes: number;
      /** Bytes of the data of a long file_write, which has arrived as `data`; absent: everything is in the message. */
      readonly dataBytes?: number;
    }
  /** A piece of the data of a long file_write, whose message follows; valid until the next bytes are pushed. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'oversize'; readonly form: HeaderForm; readonly envelope: Envelope; readonly lengthBytes: number }
  | { readonly type: 'malformed'; readonly why: string };

/** Bytes kept from the start of a skipped message: enough for its message_id, timestamp and payload tag. */
const peekBytes = 512;
/** How many times the bytes of a failed message are searched for messages swallowed by a false length. */
const maxRescans = 8;

/**
 * Bytes to AgentMessages, with either header. After garbage it checks every byte for the next header. The dialect has
 * no checksum and no start marker: a plausible false length makes it wait until `reset` is called.
 */
export class AgentMessageReceiver {
  readonly #maxBytes: number;
  readonly #passesData: boolean;
  #long: { readonly write: LongFileWrite; readonly header: Header; readonly envelope: Envelope } | undefined;
  readonly #head = new Uint8Array(headerProbeBytes);
  #headLength = 0;
  #header: Header | undefined;
  #body = new Uint8Array(0);
  #filled = 0;
  #skipBytes = 0;
  #inGarbage = false;

  /**
   * @param options.maxBytes largest message that is kept; no more memory is allocated.
   * @param options.passesData the data of a longer file_write is passed on instead of skipped
   */
  constructor(options: { readonly maxBytes: number; readonly passesData?: boolean }) {
    this.#maxBytes = options.maxBytes;
    this.#passesData = options.passesData ?? false;
  }

  /** Whether a message is incomplete. */
  get pending(): boolean {
    return this.#headLength > 0 || this.#header !== undefined || this.#skipBytes > 0 || this.#long !== undefined;
  }

  /** Drops an incomplete message; for a peer that stalled within a message. */
  reset(): void {
    this.#headLength = 0;
    this.#header = undefined;
    this.#body = new Uint8Array(0);
    this.#skipBytes = 0;
    this.#long = undefined;
  }

  push(bytes: Uint8Array): AgentMessageIncoming[] {
    const incoming: AgentMessageIncoming[] = [];
    this.#take(bytes, incoming, 0);
    return incoming;
  }

  #take(bytes: Uint8Array, incoming: AgentMessageIncoming[], rescans: number): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#header !== undefined) at += this.#takeBody(bytes.subarray(at), incoming, rescans);
      else if (this.#long !== undefined) at += this.#takeLong(bytes.subarray(at), incoming);
      else if (this.#skipBytes > 0) at += this.#skip(bytes.length - at);
      else at += this.#takeHeader(bytes, at, incoming);
    }
  }

  #skip(available: number): number {
    const count = Math.min(available, this.#skipBytes);
    this.#skipBytes -= count;
    return count;
  }

  /** Takes one byte towards a header, or in garbage all up to the next byte that can start one. */
  #takeHeader(bytes: Uint8Array, at: number, incoming: AgentMessageIncoming[]): number {
    this.#head[this.#headLength++] = bytes[at] as number;
    let header = readHeader(this.#head, this.#headLength);
    while (header === 'none') {
      this.#malformed(incoming, 'The bytes do not start a message.');
      this.#head.copyWithin(0, 1, this.#headLength);
      this.#headLength--;
      header = this.#headLength === 0 ? undefined : readHeader(this.#head, this.#headLength);
    }
    if (header !== undefined) this.#begin(header);
    return 1;
  }

  #begin(header: Header): void {
    this.#header = header;
    this.#body = new Uint8Array(
      header.lengthBytes > this.#maxBytes ? Math.min(peekBytes, header.lengthBytes) : header.lengthBytes,
    );
    // The probe already contains one byte of the message.
    this.#body[0] = this.#head[header.headerBytes] as number;
    this.#filled = 1;
    this.#headLength = 0;
  }

  #takeBody(bytes: Uint8Array, incoming: AgentMessageIncoming[], rescans: number): number {
    const body = this.#body;
    const count = Math.min(bytes.length, body.length - this.#filled);
    body.set(bytes.subarray(0, count), this.#filled);
    this.#filled += count;
    if (this.#filled === body.length && this.#header !== undefined) this.#finish(this.#header, body, incoming, rescans);
    return count;
  }

  #finish(header: Header, body: Uint8Array, incoming: AgentMessageIncoming[], rescans: number): void {
    const { form, lengthBytes } = header;
    this.#header = undefined;
    this.#body = new Uint8Array(0);
    if (lengthBytes > body.length) {
      const envelope = peekEnvelope(body);
      const long = this.#passesData ? LongFileWrite.begin(body, lengthBytes) : undefined;
      if (long === undefined) {
        this.#skipBytes = lengthBytes - body.length;
        incoming.push({ type: 'oversize', form, envelope, lengthBytes });
        return;
      }
      this.#long = { write: long.write, header, envelope };
      this.#takeLong(long.rest, incoming);
      return;
    }
    try {
      incoming.push({ type: 'message', form, message: liteDecode(AgentMessageLite, body), lengthBytes });
      this.#inGarbage = false;
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#malformed(incoming, error.message);
      // The length may have been false and have swallowed messages.
      if (rescans < maxRescans) this.#take(body, incoming, rescans + 1);
    }
  }

  #takeLong(bytes: Uint8Array, incoming: AgentMessageIncoming[]): number {
    if (this.#long === undefined) return 0;
    const { write, header, envelope } = this.#long;
    const { form, lengthBytes } = header;
    const own = bytes.subarray(0, write.room(bytes.length));
    try {
      write.push(own, (piece) => incoming.push({ type: 'data', bytes: piece }));
      if (!write.isOver) return own.length;
      incoming.push({ type: 'message', form, message: write.finish(), lengthBytes, dataBytes: write.dataBytes });
      this.#inGarbage = false;
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#skipBytes = write.room(Number.POSITIVE_INFINITY);
      incoming.push({ type: 'oversize', form, envelope, lengthBytes });
    }
    this.#long = undefined;
    return own.length;
  }

  #malformed(incoming: AgentMessageIncoming[], why: string): void {
    if (!this.#inGarbage) incoming.push({ type: 'malformed', why });
    this.#inGarbage = true;
  }
}

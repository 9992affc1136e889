import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode, putVarint, varintBytes } from '@innkeeper/contract/lite';
import type { DialectCall } from '../dialect-call.ts';
import { type HeaderForm, printHeader } from './header.ts';

/** An encoded payload in pieces that are written in order: bulk data is never joined in memory. */
export interface AgentMessageReply {
  /** The number of its field in AgentMessage. */
  readonly tag: number;
  readonly parts: readonly Uint8Array[];
}

/** A request of this dialect as a call, whose answers are folded into its response. */
export type AgentMessageCall = DialectCall<AgentMessageReply>;

/** The envelope of a payload. */
export interface ReplyEnvelope {
  readonly form: HeaderForm;
  /** That of the answered request; an event has its own. */
  readonly messageId: string;
  /** Nanoseconds since the Unix epoch. */
  readonly wallTimeNs: bigint;
}

const nsPerSecond = 1_000_000_000n;

/** A complete message to write: header and envelope, then the pieces of the payload. */
export function printReply(reply: AgentMessageReply, envelope: ReplyEnvelope): Uint8Array[] {
  const { form, messageId, wallTimeNs } = envelope;
  const payloadBytes = byteLength(reply.parts);
  const timestamp = { seconds: wallTimeNs / nsPerSecond, nanos: Number(wallTimeNs % nsPerSecond) };
  const opening = liteEncode(AgentMessageLite, { messageId, timestamp });
  const tag = delimiter(reply.tag, payloadBytes);
  const header = printHeader(form, opening.length + tag.length + payloadBytes);
  const first = new Uint8Array(header.length + opening.length + tag.length);
  first.set(header);
  first.set(opening, header.length);
  first.set(tag, header.length + opening.length);
  return [first, ...reply.parts];
}

/** Tag and length of a length-delimited field. */
export function delimiter(tag: number, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(varintBytes(tag) + varintBytes(lengthBytes));
  putVarint(bytes, putVarint(bytes, 0, tag), lengthBytes);
  return bytes;
}

/** A string or bytes field in pieces; nothing if it is empty. */
export function bulkField(tag: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const lengthBytes = byteLength(parts);
  return lengthBytes === 0 ? [] : [delimiter(tag, lengthBytes), ...parts];
}

/** Total bytes of all pieces. */
export function byteLength(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}

import { agentMessageMessageIdTag, agentMessagePingTag } from '@innkeeper/contract/agent-message-tags';
import { FieldReader } from '../field-reader.ts';

/** What the first bytes of a message tell: enough to answer one that is too long to be kept. */
export interface Envelope {
  readonly messageId: string;
  /** Number of the payload's field; 0 when the bytes do not reach so far. */
  readonly payloadField: number;
}

/** Reads message_id and the payload's tag from the beginning of a message; what is not there, or broken, stays empty. */
export function peekEnvelope(bytes: Uint8Array): Envelope {
  const reader = new FieldReader(bytes, 0, bytes.length);
  let messageId = '';
  try {
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag >= agentMessagePingTag) return { messageId, payloadField: tag >>> 3 };
      if (tag === agentMessageMessageIdTag) messageId = reader.string();
      else reader.skip(tag & 7);
    }
  } catch {
    // The bytes end within a field, or are no message: what was found until here is all there is.
  }
  return { messageId, payloadField: 0 };
}

import { agentMessageMessageIdTag, agentMessagePingTag } from '@innkeeper/contract/agent-message-tags';
import { FieldReader } from '@innkeeper/contract/lite';

/** The first fields of a message: enough to answer one that is too long to be kept. */
export interface Envelope {
  readonly messageId: string;
  /** Number of the payload's field; 0 if the bytes end before it. */
  readonly payloadField: number;
}

/** Reads message_id and the payload's tag from the start of a message; missing or broken fields stay empty. */
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
    // The bytes end within a field or are not a message: return what was found so far.
  }
  return { messageId, payloadField: 0 };
}

import { fromBinary } from '@bufbuild/protobuf';
import { type AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';

export type FrameForm = 'plain' | 'magic';

const magic = Buffer.from('51545801', 'hex');

/** AgentMessage's framing, implemented only from its document, like a third-party host. */
export function printFrame(form: FrameForm, body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat(form === 'magic' ? [magic, length, body] : [length, body]);
}

/** Reads frames in one form; anything else is an error. */
export class ForeignFrames {
  readonly #form: FrameForm;
  #bytes = Buffer.alloc(0);

  constructor(form: FrameForm) {
    this.#form = form;
  }

  push(bytes: Uint8Array): AgentMessage[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const messages: AgentMessage[] = [];
    for (;;) {
      const headerBytes = this.#form === 'magic' ? 8 : 4;
      if (this.#bytes.length < headerBytes) return messages;
      if (this.#form === 'magic' && !this.#bytes.subarray(0, 4).equals(magic))
        throw new Error('The magic number is missing.');
      const end = headerBytes + this.#bytes.readUInt32BE(headerBytes - 4);
      if (this.#bytes.length < end) return messages;
      messages.push(fromBinary(AgentMessageSchema, this.#bytes.subarray(headerBytes, end)));
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { mib } from '@innkeeper/kit';
import type { BenchClient } from './bench-client.ts';
import { FramedSocket } from './framed-socket.ts';

type Payload = AgentMessage['payload'];
type PayloadInit = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;

/** AgentMessage with the plain header, one request at a time, files in chunks of 1 MiB. */
export async function openAgentMessageBench(path: string): Promise<BenchClient> {
  const waiting = new Map<string, (payload: Payload) => void>();
  const socket = await FramedSocket.open(path, (body) => {
    const { messageId, payload } = fromBinary(AgentMessageSchema, body);
    waiting.get(messageId)?.(payload);
    waiting.delete(messageId);
  });
  let last = 0;
  const ask = async <K extends Payload['case']>(kind: K, payload: PayloadInit) => {
    const messageId = String(++last);
    const answer = new Promise<Payload>((resolve) => waiting.set(messageId, resolve));
    socket.write(toBinary(AgentMessageSchema, create(AgentMessageSchema, { messageId, payload })));
    const found = await answer;
    const error = found.value !== undefined && 'error' in found.value ? found.value.error : undefined;
    if (found.case !== kind || (error !== undefined && error !== '')) throw new Error(`${found.case}: ${error}`);
    return found as Extract<Payload, { case: K }>;
  };
  await ask('pong', { case: 'ping', value: {} });
  return {
    ping: () => ask('pong', { case: 'ping', value: { sequence: 1n } }),
    exec: (command) => ask('executeResponse', { case: 'execute', value: { command, args: ['x'], waitForExit: true } }),
    upload: async (file, content) => {
      const totalChunks = Math.ceil(content.length / mib);
      for (let chunkNumber = 0; chunkNumber < totalChunks; chunkNumber++) {
        const offset = chunkNumber * mib;
        const data = content.subarray(offset, offset + mib);
        const eof = chunkNumber === totalChunks - 1;
        const value = { path: file, data, offset: BigInt(offset), chunkNumber, totalChunks, eof };
        await ask('fileWriteResponse', { case: 'fileWrite', value });
      }
    },
    download: async (file) => {
      let total = 0;
      for (;;) {
        const value = { path: file, offset: BigInt(total), length: BigInt(mib) };
        const answer = await ask('fileReadResponse', { case: 'fileRead', value });
        total += answer.value.data.length;
        if (answer.value.eof || answer.value.data.length === 0) return total;
      }
    },
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import type { Channel } from '@innkeeper/kit';
import { hostClock } from '../../node/host-clock.ts';
import { MessageSession } from './message-session.ts';

const headerBytes = 8;

/** A connection whose agent answers each ping, or nothing. */
function pingChannel(isSilent = false): Channel {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, {
    highWaterMark: 100,
  });
  const reader = readable.getReader();
  const writer = writable.getWriter();
  return {
    name: 'test',
    read: async () => (await reader.read()).value,
    write: async (bytes) => {
      const { messageId } = fromBinary(AgentMessageSchema, bytes.subarray(headerBytes));
      const payload = { case: 'pong' as const, value: { version: '1'.repeat(1000) } };
      const body = toBinary(AgentMessageSchema, create(AgentMessageSchema, { messageId, payload }));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      if (!isSilent) await writer.write(Buffer.concat([bytes.subarray(0, 4), length, body]));
    },
    close: async () => {
      await writer.close().catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function sessionOn(channel: Channel, onEnd: (reason: Error) => void = () => undefined): MessageSession {
  return new MessageSession({
    channel,
    clock: hostClock,
    onReady: () => undefined,
    onTelemetry: () => undefined,
    onEnd,
  });
}

const ping = (session: MessageSession) =>
  session.ask({ case: 'ping', value: { sequence: 1n } }, 'pong', AbortSignal.timeout(60_000), 30_000);

describe('a session of AgentMessage', () => {
  it('ends what waits for an answer when the connection ends, and whatever is asked after that', async () => {
    const reasons: string[] = [];
    const channel = pingChannel(true);
    const session = sessionOn(channel, ({ message }) => reasons.push(message));
    const asked = assert.rejects(ping(session), { reason: 'AGENT_UNREACHABLE', message: /closed the connection/ });
    await setImmediate();
    await channel.close();
    await asked;
    await assert.rejects(ping(session), { reason: 'AGENT_UNREACHABLE' });
    await session.close();
    assert.equal(reasons.length, 1);
  });
});

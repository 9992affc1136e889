import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import fc from 'fast-check';
import { type AgentMessageIncoming, AgentMessageReceiver } from './agent-message-receiver.ts';
import { type HeaderForm, printHeader } from './header.ts';
import { maxMessageBytes } from './limits.ts';

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

function encode(form: HeaderForm, message: MessageInitShape<typeof AgentMessageSchema>): Uint8Array {
  const body = liteEncode(AgentMessageLite, message);
  return join(printHeader(form, body.length), body);
}

function ping(form: HeaderForm, sequence: number): Uint8Array {
  return encode(form, {
    messageId: `id-${sequence}`,
    payload: { case: 'ping', value: { sequence: BigInt(sequence) } },
  });
}

function brief(event: AgentMessageIncoming): string {
  if (event.type === 'malformed') return 'malformed';
  if (event.type === 'data') return `data ${event.bytes.length}`;
  if (event.type === 'oversize') return `oversize ${event.envelope.messageId} ${event.envelope.payloadField}`;
  const { messageId, payload } = event.message;
  if (payload.case === 'fileWrite') return `${event.form} ${messageId} ${payload.value.data.length}`;
  return `${event.form} ${messageId}`;
}

function feed(receiver: AgentMessageReceiver, bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const events: string[] = [];
  let at = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const chunk = bytes.slice(at, end);
    events.push(...receiver.push(chunk).map(brief));
    chunk.fill(0xee);
    at = end;
  }
  return events;
}

const form = fc.constantFrom<HeaderForm>('plain', 'magic');

describe('AgentMessageReceiver', () => {
  it('AgentMessages are received whatever the split of the bytes, with mixed headers', () => {
    const messages = fc.array(fc.tuple(form, fc.nat(99), fc.nat(5_000)), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(50_000), { maxLength: 10 }), (rows, cuts) => {
        const bytes = rows.map(([kind, number, size]) =>
          encode(kind, {
            messageId: `${number}`,
            payload: { case: 'fileWrite', value: { data: new Uint8Array(size) } },
          }),
        );
        const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
        assert.deepEqual(
          feed(receiver, join(...bytes), cuts),
          rows.map(([kind, number, size]) => `${kind} ${number} ${size}`),
        );
        assert.equal(receiver.pending, false);
      }),
      { numRuns: 200 },
    );
  });

  it('the receiver finds the next message after garbage', () => {
    // Bytes above 1 do not start a plain header, and only 51 starts the other.
    const garbage = fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map((bytes) => bytes.map((byte) => Math.max(byte, 2)));
    fc.assert(
      fc.property(garbage, form, fc.array(fc.nat(400), { maxLength: 4 }), (noise, kind, cuts) => {
        fc.pre(!Buffer.from(noise).includes(Buffer.from('51545801', 'hex')) && !endsInMagic(noise));
        const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
        assert.deepEqual(feed(receiver, join(noise, ping(kind, 1)), cuts), ['malformed', `${kind} id-1`]);
      }),
    );
  });

  it('the receiver finds messages that a false length swallowed', () => {
    const swallowed = join(ping('magic', 1), ping('plain', 2));
    const lie = join(printHeader('plain', swallowed.length + 1), new Uint8Array([0x0a]));
    const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
    assert.deepEqual(feed(receiver, join(lie, swallowed, ping('plain', 3))), [
      'malformed',
      'magic id-1',
      'plain id-2',
      'plain id-3',
    ]);
  });

  it('resetting the receiver drops a stalled message', () => {
    const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
    assert.deepEqual(feed(receiver, ping('plain', 1).slice(0, 9)), []);
    assert.equal(receiver.pending, true);
    receiver.reset();
    assert.deepEqual(feed(receiver, ping('plain', 2)), ['plain id-2']);
  });

  it('an oversized message is skipped without memory, and its request is identified', () => {
    const large = encode('plain', {
      messageId: 'large',
      timestamp: { seconds: 1n },
      payload: { case: 'fileWrite', value: { data: new Uint8Array(20_000) } },
    });
    const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
    assert.deepEqual(feed(receiver, join(large, ping('plain', 2))), ['oversize large 12', 'plain id-2']);
  });

  it('the receiver refuses lengths of 0 and above 16 MiB', () => {
    for (const length of [0, maxMessageBytes + 1, 0xffff_ffff]) {
      for (const kind of ['plain', 'magic'] as const) {
        const receiver = new AgentMessageReceiver({ maxBytes: 10_000 });
        const events = feed(receiver, join(printHeader(kind, length), new Uint8Array([0x0a]), ping(kind, 1)));
        assert.equal(events[0], 'malformed', `${kind} ${length}`);
      }
    }
  });

  it('the receiver never throws, and holds no more than its limit for any bytes', () => {
    const receiver = new AgentMessageReceiver({ maxBytes: 1_000 });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1, 10, 0x51, 0x54, 0x58), fc.nat(255)), { maxLength: 400 }),
        (bytes) => {
          for (const event of receiver.push(new Uint8Array(bytes))) {
            if (event.type === 'message') assert.ok(event.lengthBytes <= 1_000);
          }
        },
      ),
      { numRuns: 500 },
    );
    receiver.reset();
    assert.equal(feed(receiver, ping('magic', 5)).at(-1), 'magic id-5');
  });
});

function endsInMagic(bytes: Uint8Array): boolean {
  const hex = Buffer.from(bytes.slice(-3)).toString('hex');
  return hex.endsWith('51') || hex.endsWith('5154') || hex.endsWith('515458');
}

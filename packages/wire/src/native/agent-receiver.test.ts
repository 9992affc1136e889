import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { portableByteOps as ops } from '../portable-byte-ops.ts';
import { type AgentIncoming, AgentReceiver } from './agent-receiver.ts';
import { decodePayload } from './decode-payload.ts';
import { encodeFrame } from './encode-frame.ts';
import { carries, isValidFrame, readHeader } from './frame-layout.ts';
import { maxFrameBytes, zeroRunBytes } from './limits.ts';
import { openingBytes } from './opening-bytes.ts';

const nonces = [new Uint8Array(16).fill(0x11), new Uint8Array(16).fill(0x51), new Uint8Array(16)] as const;
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const hello = (nonce: Uint8Array): Uint8Array => encodeFrame(nonce, { case: 'hello', value: { vmId: 'vm' } }, ops);
const message = (nonce: Uint8Array, body: Uint8Array): Uint8Array =>
  encodeFrame(nonce, { case: 'message', value: { callId: 7, body } }, ops);

/** Events as stable values, with views copied. */
function keep(event: AgentIncoming): string {
  return JSON.stringify(event, (_, value) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
}

function feed(receiver: AgentReceiver, bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const events: string[] = [];
  let at = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    // A copy, so that a stale view into earlier bytes would be detected.
    const chunk = bytes.slice(at, end);
    for (const event of receiver.push(chunk)) events.push(keep(event));
    chunk.fill(0xee);
    at = end;
  }
  return events;
}

/** The rules of docs/protocol/native.md applied to the whole stream, byte by byte. */
function byTheRules(bytes: Uint8Array): string[] {
  const events: string[] = [];
  let session: Uint8Array | undefined;
  let at = 0;
  let run = 0;
  while (at < bytes.length) {
    if (session === undefined && run < zeroRunBytes) {
      run = bytes[at++] === 0 ? run + 1 : 0;
      continue;
    }
    if (session === undefined && bytes[at] === 0) {
      at++;
      continue;
    }
    const size = at + 8 <= bytes.length ? readHeader(bytes, at) : 0;
    const whole = size > 0 && at + size <= bytes.length;
    if (size > 0 && !whole) return events;
    if (
      !whole &&
      at + 8 > bytes.length &&
      [0x51, 0x54, 0x58, 0x01].every((byte, i) => at + i >= bytes.length || bytes[at + i] === byte)
    )
      return events;
    const sound = whole && isValidFrame(bytes, at, at + size, ops);
    const payload = sound ? decodePayload(bytes, at, at + size) : undefined;
    if (session !== undefined && payload !== undefined) {
      // A hello without a run of zeros is invalid.
      if (carries(bytes, at, session, ops) && payload.case !== 'hello') events.push(keep({ type: 'frame', payload }));
      at += size;
    } else if (session === undefined && payload?.case === 'hello') {
      session = bytes.slice(at + 11, at + 27);
      events.push(keep({ type: 'hello', session: session as Uint8Array<ArrayBuffer>, hello: payload.value }));
      at += size;
    } else {
      if (session !== undefined) events.push('lost');
      session = undefined;
      run = 0;
    }
  }
  return events;
}

const nonce = fc.constantFrom(...nonces);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 50 }),
  fc.constantFrom(1_000, 60_000, 65_000).map(zeros),
  nonce.map((inside) => join(zeros(64_000), hello(inside))),
);
const frame = fc.tuple(nonce, body).map(([session, data]) => message(session, data));
const damagedFrame = fc.tuple(frame, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
  return bytes;
});
const cutFrame = fc.tuple(frame, fc.nat()).map(([bytes, cut]) => bytes.slice(0, cut % bytes.length));
const segment = fc.oneof(
  { weight: 3, arbitrary: nonce.map((fresh) => openingBytes(fresh, { vmId: 'vm' }, ops)) },
  { weight: 4, arbitrary: frame },
  { weight: 2, arbitrary: damagedFrame },
  { weight: 2, arbitrary: cutFrame },
  { weight: 1, arbitrary: nonce.map(hello) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(1, 7, 65_535, 65_536, 65_543, 65_544, 65_545, 131_088).map(zeros) },
);
const stream = fc
  .array(segment, { maxLength: 9 })
  // Reported by the sizes of its parts, since the bytes would be megabytes.
  .map((parts) =>
    Object.assign(join(...parts), { [fc.toStringMethod]: () => parts.map((part) => part.length).join('+') }),
  );
const cuts = fc.array(fc.nat(700_000), { maxLength: 12 });

describe('AgentReceiver', () => {
  it('the agent’s receiver follows the rules for any stream and any split of it', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const events = feed(new AgentReceiver(ops), bytes, at);
        assert.deepEqual(
          events.map((event) => (event.startsWith('{"type":"lost"') ? 'lost' : event)),
          byTheRules(bytes),
        );
      }),
      { numRuns: 250 },
    );
  });

  it('the agent’s receiver returns the same messages byte by byte', () => {
    const bytes = join(
      openingBytes(nonces[0], {}, ops),
      message(nonces[0], zeros(3)),
      zeros(9),
      openingBytes(nonces[1], {}, ops),
    );
    const receiver = new AgentReceiver(ops);
    const events: string[] = [];
    for (let at = 0; at < bytes.length; at++) {
      for (const event of receiver.push(bytes.subarray(at, at + 1))) events.push(keep(event));
    }
    assert.deepEqual(events, feed(new AgentReceiver(ops), bytes));
    assert.equal(events.length, 4);
  });

  it('the agent’s receiver opens a new session wherever the old stream was cut', () => {
    const old = join(
      openingBytes(nonces[0], {}, ops),
      message(nonces[0], new Uint8Array(40).fill(9)),
      message(nonces[0], zeros(30)),
    );
    const fresh = openingBytes(nonces[1], { vmId: 'fresh' }, ops);
    for (let cut = zeroRunBytes - 2; cut <= old.length; cut++) {
      const events = feed(new AgentReceiver(ops), join(old.subarray(0, cut), fresh));
      assert.match(events.at(-1) ?? '', /"hello".*fresh/, `cut at ${cut}`);
    }
    for (let cut = 1; cut < maxFrameBytes; cut += 997) {
      const big = join(openingBytes(nonces[0], {}, ops), message(nonces[0], zeros(65_000)).subarray(0, cut));
      assert.match(feed(new AgentReceiver(ops), join(big, fresh)).at(-1) ?? '', /fresh/, `big frame cut at ${cut}`);
    }
  });

  it('uploaded content is never taken for a hello or a call, wherever the receiver starts', () => {
    const evil = encodeFrame(nonces[1], { case: 'call', value: { id: 1, method: 'evil', halfClose: true } }, ops);
    const attack = join(hello(nonces[1]), evil);
    const contents = [
      // As many zeros as fit before the hello in one body; repeated hellos; zeros at the end of one frame and the start
      // of the next.
      join(zeros(65_000 - attack.length), attack),
      join(...Array.from({ length: 200 }, () => attack)),
      join(attack, zeros(65_000 - attack.length)),
      zeros(65_000),
    ];
    for (const session of [nonces[0], nonces[1], nonces[2]]) {
      const frames = [0, 3, 0, 1, 2, 0, 3, 3, 0, 2].map((index) => message(session, contents[index] ?? zeros(0)));
      const upload = join(...frames);
      const starts = new Set<number>();
      for (let at = 0; at < upload.length; at += 1_499) starts.add(at);
      let boundary = 0;
      for (const sent of frames) {
        for (let near = -50; near < 50; near++) starts.add(Math.max(0, boundary + near));
        boundary += sent.length;
      }
      for (const start of starts) {
        assert.deepEqual(feed(new AgentReceiver(ops), upload.subarray(start)), [], `from ${start}`);
      }
    }
  });

  it('after an upload that was cut anywhere, only the hello of a new node is accepted', () => {
    const fresh = new Uint8Array(16).fill(0xab);
    const evil = fc.constantFrom(...nonces).chain((inside) => {
      const attack = join(hello(inside), encodeFrame(inside, { case: 'call', value: { method: 'evil' } }, ops));
      return fc.tuple(fc.nat(65_000 - attack.length), fc.nat(2)).map(([before, times]) => {
        const after = zeros(65_000 - attack.length - before);
        return [join(zeros(before), attack, after), join(after, attack, zeros(before)), zeros(65_000)][times] ?? attack;
      });
    });
    fc.assert(
      fc.property(
        fc.array(evil, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        (bodies, from, to, known) => {
          const upload = join(...bodies.map((content) => message(nonces[0], content)));
          const receiver = new AgentReceiver(ops);
          if (known) feed(receiver, openingBytes(nonces[0], {}, ops));
          const begin = known ? 0 : from % upload.length;
          const cut = begin + (to % (upload.length - begin + 1));
          const events = feed(
            receiver,
            join(upload.subarray(begin, cut), openingBytes(fresh, { vmId: 'fresh' }, ops)),
            [cut],
          );
          assert.ok(!events.some((event) => event.includes('evil')), 'a call of the content ran');
          assert.equal(events.filter((event) => event.includes('"hello"')).length, 1);
          assert.match(events.at(-1) ?? '', /fresh/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a hello of a new session is accepted only after a run of zeros', () => {
    const receiver = new AgentReceiver(ops);
    feed(receiver, openingBytes(nonces[0], {}, ops));
    assert.deepEqual(feed(receiver, join(hello(nonces[1]), hello(nonces[0]))), []);
    assert.equal(feed(receiver, openingBytes(nonces[1], {}, ops)).length, 2);
  });

  it('the agent’s receiver allocates nothing for a length that is too large', () => {
    const receiver = new AgentReceiver(ops);
    feed(receiver, openingBytes(nonces[0], {}, ops));
    const header = new Uint8Array([0x51, 0x54, 0x58, 0x01, 0x7f, 0xff, 0xff, 0xff]);
    assert.match(feed(receiver, header)[0] ?? '', /lost/);
    assert.match(feed(receiver, openingBytes(nonces[1], {}, ops))[0] ?? '', /hello/);
  });
});

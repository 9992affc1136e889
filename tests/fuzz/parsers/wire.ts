import assert from 'node:assert/strict';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { WriteFileRequestLite } from '@innkeeper/contract/agent-lite';
import { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode, MalformedMessageError } from '@innkeeper/contract/lite';
import {
  AgentMessageReceiver,
  AgentReceiver,
  ByteBudget,
  detectAgentMessage,
  detectDialect,
  detectionBytes,
  detectNative,
  encodeFrame,
  maxFrameBytes,
  NodeReceiver,
  openingBytes,
  portableByteOps,
  translateRequest,
  zeroRunBytes,
} from '@innkeeper/wire';
import { parseChunk } from '../../../packages/agent-core/src/file/parse-chunk.ts';
import { putCrc, readHeader } from '../../../packages/wire/src/native/frame-layout.ts';
import { goldenFiles } from '../../conformance/golden-files.ts';
import type { Parser } from '../parser.ts';
import { checkSplits, plain, refusesWith } from './helpers.ts';
import { parsers as foreignHosts } from './wire-foreign.ts';
import { parsers as jsonDialects } from './wire-json.ts';

const nonce = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
const otherNonce = nonce.map((byte) => 255 - byte);
const magic = Uint8Array.of(0x51, 0x54, 0x58, 0x01);
const crcBytes = 6;
/** Less than an agent has, so that inputs reach it. */
const maxMessageBytes = 4096;
const wireFiles = /\/packages\/(wire|contract)\/src\/(?!.*\.test\.ts)/;

const frames = [
  encodeFrame(nonce, { case: 'hello', value: { nodeVersion: '1', vmId: 'v', vmName: 'web' } }, portableByteOps),
  encodeFrame(nonce, { case: 'welcome', value: { agentVersion: '1', capabilities: ['a', 'b'] } }, portableByteOps),
  encodeFrame(nonce, { case: 'call', value: { id: 7, method: 'm', body: nonce } }, portableByteOps),
  encodeFrame(nonce, { case: 'message', value: { callId: 7, body: Uint8Array.of(1, 2, 3) } }, portableByteOps),
  encodeFrame(nonce, { case: 'credit', value: { callId: 7, bytes: 1000 } }, portableByteOps),
  encodeFrame(otherNonce, { case: 'message', value: { callId: 8 } }, portableByteOps),
];
const goldenFrames = goldenFiles('native').flatMap(({ bytes }) => Object.values(bytes));
const goldenMessages = goldenFiles('agent-message').flatMap(({ bytes }) => Object.values(bytes));

/** Corrects the length and the checksum of every frame that is found, most of them cut off at the next magic. */
function sealFrames(bytes: Uint8Array): Uint8Array {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = whole.indexOf(magic); at >= 0; at = whole.indexOf(magic, at + 4)) {
    const next = whole.indexOf(magic, at + 4);
    const end = next < 0 ? bytes.length : next;
    const length = end - at - 8;
    if (length < 8 + crcBytes || end - at > maxFrameBytes) continue;
    whole.writeUInt32BE(length, at + 4);
    putCrc(bytes, at, end - crcBytes, portableByteOps);
    assert.equal(readHeader(bytes, at), end - at);
  }
  return bytes;
}

const zeros = new Uint8Array(zeroRunBytes);

function opened(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(0), ...parts]);
}

const nativeAgent: Parser = {
  name: 'native-agent',
  facesPeer: true,
  covers: wireFiles,
  seeds: () => [
    opened(...frames),
    opened(...goldenFrames),
    ...frames.map((frame) => opened(frames[0] ?? frame, frame)),
  ],
  dictionary: [magic, nonce, otherNonce, ...frames],
  repair: sealFrames,
  run: (bytes) => {
    checkSplits(bytes.subarray(1), (pieces) => {
      const receiver = new AgentReceiver(portableByteOps);
      // The zeros that open a session are not part of the inputs, whose first byte says whether they are there.
      if (((bytes[0] ?? 0) & 1) === 0) assert.deepEqual([...receiver.push(zeros)], []);
      let isOpen = false;
      const events: string[] = [];
      for (const piece of pieces)
        for (const incoming of receiver.push(piece)) {
          assert.ok(incoming.type === 'hello' || isOpen, 'an event without a session');
          isOpen = incoming.type !== 'lost';
          events.push(plain(incoming));
        }
      return events;
    });
  },
};

const nativeNode: Parser = {
  name: 'native-node',
  facesPeer: true,
  covers: wireFiles,
  seeds: () => {
    const [, welcome = new Uint8Array(0), ...rest] = frames;
    return [welcome, Buffer.concat([welcome, ...rest]), ...rest.map((frame) => Buffer.concat([welcome, frame]))];
  },
  dictionary: [magic, nonce, otherNonce, ...frames],
  repair: sealFrames,
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const receiver = new NodeReceiver(portableByteOps);
      receiver.begin(nonce);
      let state = 'searching';
      const events: string[] = [];
      for (const piece of pieces)
        for (const incoming of receiver.push(piece)) {
          assert.equal(incoming.type === 'welcome', state === 'searching' && incoming.type !== 'malformed');
          assert.notEqual(state, 'ended', 'an event after the session was malformed');
          state = incoming.type === 'malformed' ? 'ended' : 'open';
          events.push(plain(incoming));
        }
      return events;
    });
  },
};

/** The messages and errors of a stream in this dialect. */
function readMessages(pieces: Iterable<Uint8Array>): unknown[] {
  const receiver = new AgentMessageReceiver({ maxBytes: maxMessageBytes });
  const found: unknown[] = [];
  for (const piece of pieces) found.push(...receiver.push(piece));
  return found;
}

const agentMessage: Parser = {
  name: 'agent-message',
  facesPeer: true,
  covers: wireFiles,
  seeds: () => [...goldenMessages, Buffer.concat(goldenMessages)],
  dictionary: [magic, Uint8Array.of(0, 0, 0, 40, 10), Uint8Array.of(0, 16, 16, 0), Uint8Array.of(1, 0, 0, 0)],
  run: (bytes) => {
    checkSplits(bytes, readMessages);
  },
};

const agentMessageRequest: Parser = {
  name: 'agent-message-request',
  facesPeer: true,
  covers: wireFiles,
  seeds: () => goldenFiles('agent-message').flatMap(({ bytes }) => bytes['plain']?.subarray(4) ?? []),
  refuses: refusesWith(MalformedMessageError, OperationError),
  run: (bytes) => {
    const message = liteDecode(AgentMessageLite, bytes);
    const again = liteDecode(AgentMessageLite, liteEncode(AgentMessageLite, message));
    assert.equal(plain(again), plain(message), 'encoded and decoded, it is another message');
    // The other codec, which hosts use, reads and writes what this one wrote.
    const written = liteEncode(AgentMessageLite, message);
    const theirs = toBinary(AgentMessageSchema, fromBinary(AgentMessageSchema, written));
    assert.equal(plain(liteDecode(AgentMessageLite, theirs)), plain(message), 'protobuf-es reads another message');
    const allowance = new ByteBudget(1 << 22).open();
    const translated = translateRequest(message, { freshId: () => 'fresh', allowance });
    if (translated.kind !== 'call') return;
    for (const body of translated.call.requests()) assert.ok(body.length <= bytes.length + 256);
    const { parts } = translated.call.finish(undefined);
    assert.ok(parts.length < 100);
  },
};

const dialect: Parser = {
  name: 'detect-dialect',
  covers: wireFiles,
  seeds: () => [
    openingBytes(nonce, {}, portableByteOps).subarray(0, 16),
    ...goldenMessages.slice(0, 2),
    '{"execute":"guest-ping"}',
    'GET /metrics HTTP/1.1\r\n',
  ],
  dictionary: ['GET ', 'POST ', 'PRI * HTTP/2.0', '{', Uint8Array.of(0xff), magic],
  run: (bytes) => {
    let found: string | undefined;
    for (let count = 0; count <= Math.min(bytes.length, 32); count++) {
      const dialectName = detectDialect(bytes.subarray(0, count));
      assert.ok(found === undefined || found === dialectName, `${found} became ${dialectName}`);
      found = dialectName;
    }
    if (bytes.length < detectionBytes) return;
    const head = bytes.subarray(0, detectionBytes);
    const answers = { native: detectNative(head), 'agent-message': detectAgentMessage(head) };
    for (const [name, answer] of Object.entries(answers)) {
      assert.notEqual(answer, 'more');
      assert.equal(answer === 'yes', detectDialect(head) === name);
    }
  },
};

const fileChunk: Parser = {
  name: 'file-chunk',
  facesPeer: true,
  covers: /\/packages\/agent-core\/src\/file\/parse-chunk\.ts$/,
  seeds: () => [
    Uint8Array.of(18, 4, 18, 2, 1, 2),
    Uint8Array.of(18, 7, 8, 128, 1, 18, 2, 1, 2),
    Uint8Array.of(18, 9, 8, 255, 255, 255, 255, 15, 18, 1, 5),
  ],
  run: (bytes) => {
    const position = parseChunk(bytes);
    if (position === undefined) return;
    // It says what the decoder says.
    const { input } = liteDecode(WriteFileRequestLite, bytes);
    assert.ok(input.case === 'chunk');
    assert.equal(Number(input.value.offset), position.offset);
    assert.deepEqual(new Uint8Array(input.value.data), bytes.subarray(position.start));
  },
};

/** What arrives at the sockets and ports of agents and nodes. A new dialect adds its receiver here. */
export const parsers: readonly Parser[] = [
  nativeAgent,
  nativeNode,
  agentMessage,
  agentMessageRequest,
  dialect,
  fileChunk,
  ...jsonDialects,
  ...foreignHosts,
];

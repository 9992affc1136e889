import assert from 'node:assert/strict';
import {
  idOf,
  JsonFrameAnswerReader,
  jsonFrameRequest,
  portableByteOps,
  printJson,
  QgaAnswers,
  QgaError,
  type QgaIncoming,
  QgaReceiver,
  qgaRequest,
  readRequest,
} from '@innkeeper/wire';
import type { Parser } from '../parser.ts';
import { checkSplits, plain } from './helpers.ts';

const covers = /\/packages\/wire\/src\/(qga|json-frames)\/(?!.*\.test\.ts)/;
const maxAnswerBytes = 4096;

/** What a receiver found, with a content in one piece. */
function readQga(pieces: Iterable<Uint8Array>): string[] {
  const receiver = new QgaReceiver(portableByteOps);
  const found: string[] = [];
  let content = '';
  const take = (incoming: QgaIncoming): void => {
    if (incoming.type === 'content') {
      content += Buffer.from(incoming.bytes).toString('hex');
      return;
    }
    // An error drops the content before it, of which more or less may have been passed on.
    found.push(plain(incoming.type === 'error' ? incoming : [incoming.type, content, shown(incoming)]));
    content = '';
  };
  for (const piece of pieces) for (const incoming of receiver.push(piece)) take(incoming);
  return [...found, `${receiver.isPending}`];
}

/** A value as an agent prints it, and the request that it is. */
function shown({ value }: Extract<QgaIncoming, { readonly type: 'value' }>): unknown {
  const text = printJson(value);
  // What is printed is JSON, in ASCII.
  JSON.parse(text);
  assert.match(text, /^[ -~]*$/);
  idOf(value);
  try {
    return [text, readRequest(value).execute];
  } catch (error) {
    if (!(error instanceof QgaError)) throw error;
    return [text, error.message];
  }
}

const qga: Parser = {
  name: 'qga',
  facesPeer: true,
  covers,
  seeds: () => [
    '{"execute":"guest-ping"}\n',
    `${JSON.stringify({ execute: 'guest-exec', arguments: { path: '/bin/x', arg: ['a', 'ä\u2028'], 'input-data': 'aGVsbG8=' }, id: 7 })}`,
    '{"execute":"guest-file-write","arguments":{"handle":1000,"buf-b64":"aGVsbG8gd29ybGQ="},"id":{"a":[1.5e3,-0,true,null]}}{"execute":1}',
    "\u00ff{'execute':'guest-sync-delimited','arguments':{'id':12345678901234567890}}",
    Uint8Array.of(0xff, 0x7b, 0x22, 0x61),
    '{"a":{"a":[[[[{}]]]]},"a":1}',
  ],
  dictionary: [
    ...['{', '}', '[', ']', ':', ',', '"', "'", '\\', '\\u0000', '\\ud800', '\\/', 'null', 'true', '1e999', '-0'],
    ...['"execute":', '"arguments":', '"buf-b64":"', '"input-data":"', '"id":', 'AAAA', '=', '==', '\n'],
    Uint8Array.of(0xff),
    '['.repeat(1024),
  ],
  run: (bytes) => {
    checkSplits(bytes, readQga);
  },
};

const qgaAnswers: Parser = {
  name: 'qga-answers',
  facesPeer: true,
  covers,
  seeds: () => [
    Buffer.concat([Uint8Array.of(0xff), Buffer.from('{"return": 5}\n{"error": {"class": "X", "desc": "y"}}\n')]),
    Buffer.concat([Buffer.from('{"return"'), Uint8Array.of(0xff), Buffer.from('{"return": {}}\nx\n')]),
    qgaRequest('guest-ping'),
  ],
  dictionary: [Uint8Array.of(0xff), '\n', '{"return": {}}\n', '"error":', 'null', 'x'.repeat(2000)],
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const answers = new QgaAnswers();
      answers.expect(maxAnswerBytes);
      const found: unknown[] = [];
      // Nothing after a malformed one is read.
      for (const piece of pieces)
        for (const answer of answers.push(piece)) {
          found.push(answer);
          if (answer.type === 'malformed') return found;
        }
      return found;
    });
  },
};

const jsonFrameAnswer: Parser = {
  name: 'json-frame-answer',
  facesPeer: true,
  covers,
  seeds: () => {
    const frame = (value: Readonly<Record<string, unknown>>): Uint8Array =>
      jsonFrameRequest(value) ?? new Uint8Array(0);
    return [frame({ status: 'ok', a: 1 }), frame({ status: 'error', message: 'm' }), Uint8Array.of(0, 16, 0, 1)];
  },
  dictionary: ['"status":"ok"', '"message":', Uint8Array.of(0, 0, 0, 2), '{}'],
  repair: (bytes) => {
    if (bytes.length > 4) new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length - 4);
    return bytes;
  },
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const reader = new JsonFrameAnswerReader();
      for (const piece of pieces) {
        const answer = reader.push(piece);
        if (answer !== undefined) return answer;
      }
      return 'incomplete';
    });
  },
};

/** The dialects of JSON, on both sides. */
export const parsers: readonly Parser[] = [qga, qgaAnswers, jsonFrameAnswer];

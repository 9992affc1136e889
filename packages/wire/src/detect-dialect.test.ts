import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectAgentMessage } from './agent-message/header.ts';
import { detectDialect } from './detect-dialect.ts';
import { detectionBytes } from './detection.ts';
import { detectHttp } from './http/detect-http.ts';
import { detectJsonFrames } from './json-frames/frame-receiver.ts';
import { detectNative } from './native/opening-bytes.ts';
import { detectQga } from './qga/detect-qga.ts';

const text = (value: string): number[] => [...new TextEncoder().encode(value)];

const cases: readonly (readonly [name: string, bytes: readonly number[], dialect: ReturnType<typeof detectDialect>])[] =
  [
    ['the run of zeros', [0, 0, 0, 0, 0, 0, 0, 0], 'native'],
    ['JSON of QGA', text('{"execute":"guest-ping"}'), 'qga'],
    ['the sync byte of QGA', [0xff, 0x7b], 'qga'],
    ['a length and JSON', [0, 0, 0, 23, ...text('{"type":"exec"}')], 'json-frames'],
    ['a length and message_id', [0, 0, 0, 40, 0x0a, 36, 98, 55], 'agent-message'],
    ['a length of 16 MiB and a timestamp', [1, 0, 0, 0, 0x12, 2, 8, 1], 'agent-message'],
    ['a length and a payload alone', [0, 0, 0, 2, 0x52, 0, 0, 0], 'agent-message'],
    ['the magic', [0x51, 0x54, 0x58, 1, 0, 0, 0, 9], 'agent-message'],
    ['GET', text('GET /metrics HTTP/1.1\r\n'), 'http'],
    ['OPTIONS', text('OPTIONS * HTTP/1.1\r\n'), 'http'],
    ['the preface of HTTP/2', text('PRI * HTTP/2.0'), 'http'],
    ['TLS', [0x16, 3, 1, 2, 0, 1, 0, 1], undefined],
    ['SSH', text('SSH-2.0-x'), undefined],
    ['a length and an unknown byte', [0, 0, 0, 9, 0xee, 1, 2, 3], undefined],
    ['a length above 16 MiB', [1, 0, 0, 1, 0x0a, 1, 2, 3], undefined],
  ];

describe('detectDialect()', () => {
  for (const [name, bytes, dialect] of cases) {
    it(`detectDialect returns ${dialect ?? 'undefined'} for ${name}, and nothing else for fewer bytes`, () => {
      for (let count = 0; count <= bytes.length; count++) {
        const detected = detectDialect(new Uint8Array(bytes.slice(0, count)));
        assert.ok(detected === undefined || detected === dialect, `${count}: ${detected}`);
      }
      assert.equal(detectDialect(new Uint8Array(bytes.slice(0, detectionBytes))), dialect);
    });
  }
});

describe('detection by each dialect', () => {
  for (const [dialect, detects] of [
    ['native', detectNative],
    ['agent-message', detectAgentMessage],
    ['qga', detectQga],
    ['json-frames', detectJsonFrames],
    ['http', detectHttp],
  ] as const) {
    for (const [name, bytes, owner] of cases) {
      it(`${dialect} answers ${owner === dialect ? 'yes' : 'no'} to ${name} within ${detectionBytes} bytes, and "more" until then`, () => {
        const answers = bytes.map((_, count) => detects(new Uint8Array(bytes.slice(0, count + 1))));
        const verdict = answers.findIndex((answer) => answer !== 'more');
        assert.ok(verdict >= 0 && verdict < detectionBytes);
        assert.equal(answers[verdict], owner === dialect ? 'yes' : 'no');
        assert.equal(new Set(answers.slice(verdict)).size, 1);
      });
    }
  }
});

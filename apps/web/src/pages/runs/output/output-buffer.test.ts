import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { OutputStream } from '@innkeeper/contract/agent';
import { RunOutputSchema } from '@innkeeper/contract/control';
import { OutputBuffer, type StreamView } from './output-buffer.ts';

/** Writes pieces in order; a leading "!" marks standard error. */
function written(maxChars: number, ...pieces: readonly (string | Uint8Array)[]): OutputBuffer {
  const buffer = new OutputBuffer(maxChars);
  let offset = 0n;
  for (const piece of pieces) {
    const isError = typeof piece === 'string' && piece.startsWith('!');
    const data = typeof piece === 'string' ? new TextEncoder().encode(isError ? piece.slice(1) : piece) : piece;
    const stream = isError ? OutputStream.STDERR : OutputStream.STDOUT;
    buffer.push(create(RunOutputSchema, { stream, offset, data: new Uint8Array(data), timeUnixNs: 1n }));
    offset += BigInt(data.length);
  }
  return buffer;
}

const lines = (buffer: OutputBuffer, view: StreamView = 'both'): string[] =>
  buffer.blocks(view).all.flatMap((block) => block.lines.map(({ number, text }) => `${number} ${text}`));

describe('output as lines', () => {
  it('OutputBuffer orders lines by their start, and keeps each stream separate', () => {
    const buffer = written(1000, 'a', '!E\n', 'b\nc\n');
    assert.deepEqual(lines(buffer), ['1 ab', '2 E', '3 c']);
    assert.deepEqual(lines(buffer, 'stdout'), ['1 ab', '3 c']);
    assert.deepEqual(lines(buffer, 'stderr'), ['2 E']);
  });

  it('OutputBuffer keeps empty lines, and adds none after the last line end', () => {
    assert.deepEqual(lines(written(1000, 'a\n\n', 'b\n')), ['1 a', '2 ', '3 b']);
  });

  it('OutputBuffer joins UTF-8 characters split between chunks', () => {
    assert.deepEqual(lines(written(1000, Uint8Array.of(0xc3), Uint8Array.of(0xbc, 10))), ['1 ü']);
    const cut = written(1000, Uint8Array.of(97, 0xc3));
    cut.end();
    assert.deepEqual(lines(cut), ['1 a\ufffd']);
  });

  it('OutputBuffer shows the last state of a line rewritten with "\\r"', () => {
    assert.deepEqual(lines(written(1000, '10 %\r20 %', '\r30 %\r\ndone\r', '\n')), ['1 30 %', '2 done']);
  });

  it('OutputBuffer skips repeated output, also if a chunk is only partly new', () => {
    const buffer = written(1000, 'one\ntwo\n');
    const again = (text: string, offset: bigint): void =>
      buffer.push(create(RunOutputSchema, { offset, data: new TextEncoder().encode(text) }));
    again('one\n', 0n);
    again('two\nthree\n', 4n);
    assert.deepEqual(lines(buffer), ['1 one', '2 two', '3 three']);
    assert.equal(buffer.nextOffset, 14);
  });

  it('OutputBuffer breaks overlong lines', () => {
    assert.deepEqual(
      lines(written(100_000, 'x'.repeat(20_000))).map((line) => line.length),
      [8194, 8194, 3618],
    );
  });

  it('OutputBuffer drops the oldest lines beyond its limit', () => {
    const buffer = written(
      100_000,
      ...Array.from({ length: 1000 }, (_, index) => `${index % 10 ? '' : '!'}${index}\n`),
    );
    assert.equal(buffer.droppedLines, 0);
    const small = written(24_000, ...Array.from({ length: 1000 }, (_, index) => `${index % 10 ? '' : '!'}${index}\n`));
    assert.equal(small.droppedLines, 700);
    assert.deepEqual(lines(small).at(0), '701 700');
    assert.deepEqual(lines(small).at(-1), '1000 999');
    const { start, end } = small.blocks('both');
    assert.deepEqual([start, end], [700, 1000]);
    assert.ok(small.blocks('stdout').start > 0);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../parser.ts';
import { type FuzzResult, fuzzParser } from './fuzz-parser.ts';

const module = new URL('./testing/planted.ts', import.meta.url).href;
/** It ends at the finding. */
const seconds = 60;

async function fuzz(
  name: string,
  more: { readonly seconds?: number; readonly hangMs?: number } = {},
): Promise<FuzzResult> {
  return await fuzzParser({ module, name, seconds, seed: 7, keeps: false, ...more });
}

describe('the fuzzer', { concurrency: 2, timeout: 110_000 }, () => {
  it('finds a fault behind four branches in a row by their coverage, and shrinks its input', async () => {
    const { finding } = await fuzz('planted-word');
    assert.equal(finding?.kind, 'error');
    assert.match(finding.what, /^RangeError: the planted fault at tests\/fuzz\/engine\/testing\/planted\.ts:\d+$/);
    assert.equal(textOf(finding.bytes), 'fuz!');
  });

  it('finds nothing in a parser that refuses with its own error', async () => {
    const { finding, runs } = await fuzz('planted-refusal', { seconds: 1 });
    assert.deepEqual([finding, runs > 10], [undefined, true]);
  });

  it('finds what takes quadratic time', async () => {
    assert.equal((await fuzz('planted-slow')).finding?.kind, 'slow');
  });

  it('finds an input that never ends', async () => {
    const { finding } = await fuzz('planted-hang', { hangMs: 3000 });
    assert.deepEqual([finding?.kind, finding?.bytes[0]], ['hang', 0x66]);
  });

  it('finds a length field that is believed, and shrinks its input', async () => {
    const { finding } = await fuzz('planted-length');
    assert.deepEqual([finding?.kind, finding?.bytes.length], ['memory', 1]);
  });

  it('reports a parser that does not exist', async () => {
    await assert.rejects(fuzz('none'), /has no parser "none"/);
  });
});

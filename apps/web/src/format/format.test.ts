import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatBytes } from './format-bytes.ts';
import { formatDuration, formatElapsed } from './format-duration.ts';
import { formatPercent } from './format-percent.ts';

describe('figures', () => {
  const bytes: readonly (readonly [number | bigint, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536n, '1.5 KiB'],
    [229 * 1024 * 1024, '229 MiB'],
    [1024 ** 4 * 2.5, '2.5 TiB'],
    [1024 ** 2 - 1, '1 MiB'],
  ];
  for (const [count, text] of bytes)
    it(`formats ${count} bytes as ${text}`, () => assert.equal(formatBytes(count), text));

  const seconds: readonly (readonly [number, string])[] = [
    [0.4, '0 s'],
    [59.9, '59 s'],
    [3600, '1 h'],
    [12_000, '3 h 20 min'],
    [5 * 86_400 + 7200, '5 d 2 h'],
  ];
  for (const [count, text] of seconds)
    it(`formats ${count} s as ${text}`, () => assert.equal(formatDuration(count), text));

  it('formats elapsed times in ms below 1 s, with a decimal below 10 s', () => {
    const texts = [12n, 999n, 1000n, 9940n, 9960n, 90_000n].map((ms) => formatElapsed(ms * 1_000_000n));
    assert.deepEqual(texts, ['12 ms', '999 ms', '1.0 s', '9.9 s', '9 s', '1 min']);
  });

  it('formats percentages with a decimal below 10 %', () => {
    assert.deepEqual([0, 0.04, 7.25, 9.96, 99.6].map(formatPercent), ['0.0 %', '0.0 %', '7.3 %', '10 %', '100 %']);
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clockOffText } from './clock-offset.ts';

it('a guest clock is named when it is off by more than 5 s, in either direction', () => {
  const texts = [undefined, 0n, 5_000_000_000n, -5_100_000_000n, 86_400_000_000_000n].map((clockOffsetNs) =>
    clockOffText({ agent: clockOffsetNs === undefined ? {} : { clockOffsetNs } }),
  );
  assert.deepEqual(texts, ['', '', '', '5.1 s behind its host', '86400.0 s ahead of its host']);
});

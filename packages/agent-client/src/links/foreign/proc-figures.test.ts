import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { procFigures } from './proc-figures.ts';

const statOf = (text: string) => procFigures((path) => (path === '/proc/stat' ? text : undefined)).cpu;

describe('figures of a guest’s /proc', () => {
  it('are the ticks of the line "cpu", and a count of the lines behind it', () => {
    const cpu = statOf('cpu  10 20 30 40 50 60 70 80 0 0\ncpu0 5 10 15 20\ncpu1 5 10 15 20\nintr 1\n');
    assert.deepEqual([cpu?.count, cpu?.userTicks, cpu?.idleTicks, cpu?.stealTicks], [2, 10n, 40n, 80n]);
  });

  it('are absent for a line that is not as expected, at once, however long it is', () => {
    const started = performance.now();
    for (const line of [`cpu  ${'1'.repeat(60_000)}x`, `cpu ${'1 '.repeat(30_000)}x`, `cpu${' '.repeat(60_000)}x`])
      assert.equal(statOf(`${line}\n`), undefined);
    assert.ok(performance.now() - started < 5_000);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as limits from './limits.ts';

const comma = (value: number): string => value.toLocaleString('en');

describe('limits', () => {
  it('caller ids have 1 to 64 safe characters, and signals are 1 to 64', () => {
    assert.deepEqual(['a', 'A_-9', 'x'.repeat(64)].map(limits.isCallerId), [true, true, true]);
    assert.deepEqual(['', 'x'.repeat(65), 'a/b', 'a\n', 'ä'].map(limits.isCallerId), Array(5).fill(false));
    assert.deepEqual([0, 1, 64, 65, -1].map(limits.isSignal), [false, true, true, false, false]);
  });

  it('limits in code equal those in the comments of the schemas', () => {
    const { defaultPageSize, maxPageSize, maxIdChars, maxSkippedEntries, maxSignal } = limits;
    const { maxCommandBytes, maxShutdownDelaySeconds } = limits;
    const spoken: readonly (readonly [string, string, number])[] = [
      ['file', `At most ${comma(maxPageSize)}; 0: ${defaultPageSize}.`, 1],
      ['guest_process', `At most ${comma(maxPageSize)}; 0: ${defaultPageSize}.`, 1],
      ['guest_process', `at most ${comma(maxCommandBytes)} bytes`, 1],
      ['guest_process', `Linux signal number, 1 to ${maxSignal}.`, 1],
      ['process', `Linux signal number, 1 to ${maxSignal}.`, 1],
      ['process', `1 to ${maxIdChars} characters of [A-Za-z0-9_-]`, 1],
      ['file', `1 to ${maxIdChars} characters of [A-Za-z0-9_-]`, 1],
      ['file_tar', `at most ${maxSkippedEntries}.`, 2],
      ['filesystem', `${comma(limits.freezeLeaseMs.min)} to ${comma(limits.freezeLeaseMs.max)}; 0: 10,000.`, 1],
      ['filesystem', `at most ${comma(limits.freezeHookMs.max)}; 0: ${comma(limits.freezeHookMs.default)}.`, 1],
      ['filesystem', `t most ${comma(limits.maxNamedMounts)}; empty:`, 2],
      ['filesystem', `list, which holds ${limits.maxReportedFilesystems}, and`, 2],
      ['filesystem', `at most ${comma(limits.maxHookOutputChars)} characters`, 1],
      ['power', `at most ${comma(maxShutdownDelaySeconds)}.`, 1],
    ];
    for (const [file, words, times] of spoken) {
      const schema = readFileSync(new URL(`../../../proto/agent/v1/${file}.proto`, import.meta.url), 'utf8');
      assert.equal(schema.split(words).length - 1, times, `${file}.proto: ${words}`);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { LogBatchSchema } from '@innkeeper/contract/agent';
import { filterLines, LogLines, logChoiceOf, logsCommand, maxKeptLines } from './log-lines.ts';

const batch = (messages: readonly string[], more: { lost?: bigint; rotated?: boolean } = {}) =>
  create(LogBatchSchema, { entries: messages.map((message) => ({ message, source: 'app', priority: 3 })), ...more });

describe('the lines of the log page', () => {
  it('the page keeps the last 10,000 lines', () => {
    const log = new LogLines();
    for (let from = 0; from < 12_000; from += 500)
      log.addBatch(batch(Array.from({ length: 500 }, (_, index) => `line ${from + index}`)));
    assert.equal(log.lines.length, maxKeptLines);
    assert.equal(log.lines.at(-1)?.entry?.message, 'line 11999');
    assert.equal(log.lines[0]?.entry?.message, 'line 2000');
  });

  it('lines are filtered by words in source, message and priority; notes stay', () => {
    const log = new LogLines();
    log.addBatch(batch(['Alpha', 'beta']));
    log.addBatch(batch(['alpha again'], { lost: 7n, rotated: true }));
    const texts = filterLines(log.lines, 'ALPHA error app').map(({ entry, note }) => entry?.message ?? note);
    assert.deepEqual(texts, [
      'Alpha',
      'The file was replaced or truncated.',
      '7 entries were lost: the log no longer has them.',
      'alpha again',
    ]);
    assert.equal(filterLines(log.lines, ''), log.lines);
  });

  it('the choice is read from the address, and an invalid one is the default', () => {
    const choice = logChoiceOf(new URLSearchParams('source=file&file=/var/log/x&priority=4'), true);
    assert.deepEqual(choice, { source: 'file', unit: '', file: '/var/log/x', priority: '4' });
    assert.equal(logChoiceOf(new URLSearchParams('source=evil&priority=9'), true).source, 'journal');
    assert.equal(logChoiceOf(new URLSearchParams('priority=9'), false).priority, '');
    assert.equal(logChoiceOf(new URLSearchParams(''), false).source, 'kernel');
  });

  it('inn commands of logs quote paths and units', () => {
    const base = { unit: '', file: '', priority: '' };
    assert.equal(
      logsCommand('web', { ...base, source: 'journal', unit: 'a b', priority: '3' }),
      "inn logs web --unit 'a b' -p 3 -f",
    );
    assert.equal(
      logsCommand('web', { ...base, source: 'file', file: '/a b', priority: '3' }),
      "inn logs web --file '/a b' -f",
    );
    assert.equal(logsCommand('web', { ...base, source: 'kernel' }), 'inn logs web --dmesg -f');
  });
});

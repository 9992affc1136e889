import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callError, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

const entries = [
  { timeUnixNs: 1_700_000_000_000_000_000n, priority: 3, source: 'nginx', pid: 7, message: 'bad\u001b[31m' },
  { message: 'no more known' },
];

describe('inn logs', () => {
  it('inn logs prints entries as lines, or as JSON, one object per line', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      guestLogs: {
        async *read(request) {
          asked.push([request.source, request.unit, request.maxPriority, request.text, request.lines, request.follow]);
          yield { entries, cursor: 'a', lost: 3n };
        },
      },
    });
    const words = ['logs', 'one', '--unit', 'nginx', '-p', 'warning', '--grep', 'Bad', '-n', '7'];
    const { stdout, stderr, exitCode } = await runInn(daemon.socketPath, words);
    assert.match(stdout, /^\S+.* nginx\[7\]: bad·\[31m\nno more known\n$/);
    assert.deepEqual([stderr, exitCode], ['3 entries were lost: the log no longer has them.\n', 0]);
    assert.deepEqual(asked, [[1, 'nginx', 4, 'Bad', 7, false]]);
    const json = await runInn(daemon.socketPath, ['logs', 'one', '--dmesg', '-o', 'json', '-n', '0']);
    const rows = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([rows[0]?.['priority'], rows[1]], [3, { message: 'no more known' }]);
    assert.deepEqual(asked[1], [2, '', undefined, '', 0, false]);
  });

  it('inn logs -f continues from its cursor after a loss, and misses nothing', async () => {
    const cursors: string[] = [];
    await using daemon = await startFakeDaemon({
      guestLogs: {
        async *readFile({ cursor, path }) {
          cursors.push(`${path} ${cursor}`);
          yield { entries: [{ message: `after ${cursor}` }], cursor: `${cursor}x` };
          if (cursors.length < 3) throw callError('AGENT_UNREACHABLE', 'gone');
        },
      },
    });
    const { stdout, stderr, exitCode } = await runInn(daemon.socketPath, ['logs', 'one', '--file', '/var/log/x', '-f']);
    assert.deepEqual(cursors, ['/var/log/x ', '/var/log/x x', '/var/log/x xx']);
    assert.equal(stdout, 'after \nafter x\nafter xx\n');
    assert.deepEqual([exitCode, stderr], [0, 'The guest is lost; waiting.\nThe guest is back.\n'.repeat(2)]);
    const once = await runInn(daemon.socketPath, ['logs', 'one', '--file', '/x']);
    assert.equal(once.exitCode, 0);
  });

  it('inn logs refuses options that contradict each other', async () => {
    await using daemon = await startFakeDaemon({});
    for (const words of [
      ['--dmesg', '--agent'],
      ['--file', '/x', '--unit', 'a'],
      ['--file', '/x', '--since', '1h'],
      ['-p', 'loud'],
      ['-n', '10001'],
      ['--since', 'yesterday'],
    ])
      assert.equal((await runInn(daemon.socketPath, ['logs', 'one', ...words])).exitCode, 2, words.join(' '));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogBatch } from '@innkeeper/contract/agent';
import { LogServiceLite, LogSource } from '@innkeeper/contract/agent-lite';
import { capabilitiesOf } from '../capabilities.ts';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { Program } from '../fake/fake-program.ts';
import { settle } from '../fake/manual-clock.ts';
import { openOptions } from '../file/open-options.ts';
import { HostError } from '../host-error.ts';

const { read, readFile } = LogServiceLite;

const messages = (batches: readonly LogBatch[]): string[] =>
  batches.flatMap(({ entries }) => entries.map(({ message }) => message));

/** Lets a call that yields to the loop run on. */
async function turns(host: FakeHost, count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await host.clock.advance(1);
    await settle();
  }
}

/** Writes to the same file, as programs write their logs. */
function write(host: FakeHost, path: string, text: string, truncate = false): void {
  const file = host.files.open(path, openOptions({ access: 'write', append: !truncate, truncate }));
  host.files.writeNext(file, new TextEncoder().encode(text));
  file.close();
}

const numbered = (count: number, from = 1): string =>
  Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');

describe('the log of a file', () => {
  it('the last lines of a file are sent, also of one with long lines and without a line end', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', `${numbered(5000)}last`);
    const { node } = await startFakeAgent(host);
    const call = await node.open(readFile, { path: '/var/log/x', lines: 3 });
    await turns(host);
    assert.deepEqual(messages(call.messages), ['line 4999', 'line 5000', 'last']);
    assert.deepEqual([call.messages.at(-1)?.caughtUp, call.reason], [true, '']);
    host.files.put('/var/log/long', `${'x'.repeat(100_000)}\nend\n`);
    const long = await node.open(readFile, { path: '/var/log/long', lines: 2 });
    await turns(host);
    assert.deepEqual(
      messages(long.messages).map(({ length }) => length),
      [8000, 3],
    );
    const none = await node.open(readFile, { path: '/var/log/x', lines: 0 });
    await turns(host);
    assert.deepEqual([messages(none.messages), none.reason], [[], '']);
  });

  it('10,000 lines arrive in batches that fit into a frame, in order', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', numbered(12_000));
    const { node } = await startFakeAgent(host);
    const call = await node.open(readFile, { path: '/var/log/x', lines: 10_000 });
    await turns(host, 60);
    const got = messages(call.messages);
    assert.deepEqual([got.length, got[0], got.at(-1)], [10_000, 'line 2001', 'line 12000']);
    assert.ok(call.messages.length > 10);
  });

  it('a followed file is read on after it was rotated, and after it was truncated', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', 'one\n');
    const { node } = await startFakeAgent(host);
    const call = await node.open(readFile, { path: '/var/log/x', follow: true });
    await turns(host);
    write(host, '/var/log/x', 'two\npart');
    await host.clock.advance(600);
    await turns(host);
    assert.deepEqual(messages(call.messages), ['one', 'two']);
    host.files.rename('/var/log/x', '/var/log/x.1');
    await host.clock.advance(600);
    host.files.put('/var/log/x', 'new\n');
    await host.clock.advance(600);
    await turns(host);
    assert.deepEqual(messages(call.messages), ['one', 'two', 'part', 'new']);
    assert.equal(call.messages.filter(({ rotated }) => rotated).length, 1);
    write(host, '/var/log/x', '', true);
    await host.clock.advance(600);
    write(host, '/var/log/x', 'a\n');
    await host.clock.advance(600);
    await turns(host);
    assert.equal(messages(call.messages).at(-1), 'a');
    await call.cancel();
  });

  it('the place after each batch is that of its last line: a reader that is lost after any misses and repeats none', async () => {
    const { node, host } = await startFakeAgent();
    const lines = Array.from({ length: 600 }, (_, index) => `${index} ${'x'.repeat(100)}`);
    host.files.put('/var/log/x', `${lines.join('\n')}\nhalf a line`);
    const call = await node.open(readFile, { path: '/var/log/x', lines: 1000, follow: true });
    for (let turns = 0; turns < 20; turns++) await host.clock.advance(1);
    const { messages } = call;
    assert.ok(messages.length > 2);
    let count = 0;
    for (const { entries, cursor } of messages) {
      count += entries.length;
      const after = await node.open(readFile, { path: '/var/log/x', cursor });
      for (let turns = 0; turns < 20; turns++) await host.clock.advance(1);
      const rest = after.messages.flatMap((batch) => batch.entries.map(({ message }) => message));
      assert.deepEqual(rest, [...lines.slice(count), 'half a line']);
    }
    assert.equal(count, 600);
    await call.cancel();
  });

  it('a cursor continues after the lines before it, and in another file from its beginning', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', numbered(3));
    const { node } = await startFakeAgent(host);
    const first = await node.open(readFile, { path: '/var/log/x' });
    await turns(host);
    const cursor = first.messages.at(-1)?.cursor ?? '';
    assert.match(cursor, /^\d+:\d+:\d+$/);
    write(host, '/var/log/x', numbered(2, 4));
    const second = await node.open(readFile, { path: '/var/log/x', cursor });
    await turns(host);
    assert.deepEqual(messages(second.messages), ['line 4', 'line 5']);
    host.files.put('/var/log/y', numbered(2));
    const other = await node.open(readFile, { path: '/var/log/y', cursor });
    await turns(host);
    assert.deepEqual([messages(other.messages), other.messages[0]?.rotated], [['line 1', 'line 2'], true]);
  });

  it('a text is searched in upper and lower case, and the last lines with it are sent', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', numbered(1000).replace('line 700\n', 'LINE 77 here\n'));
    const { node } = await startFakeAgent(host);
    const call = await node.open(readFile, { path: '/var/log/x', text: 'Line 77', lines: 2 });
    await turns(host);
    assert.deepEqual(messages(call.messages), ['line 778', 'line 779']);
    const one = await node.open(readFile, { path: '/var/log/x', text: '77 HERE' });
    await turns(host);
    assert.deepEqual(messages(one.messages), ['LINE 77 here']);
  });

  it('paths that are no regular file, and malformed requests, are refused', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', 'x\n');
    host.files.putSpecial('/dev/tty9', 'character');
    const { node } = await startFakeAgent(host);
    for (const [request, reason] of [
      [{ path: 'relative' }, 'INVALID_PATH'],
      [{ path: '/a/../b' }, 'INVALID_PATH'],
      [{ path: '' }, 'INVALID_PATH'],
      [{ path: '/none' }, 'FILE_NOT_FOUND'],
      [{ path: '/var/log/x', lines: 10_001 }, 'INVALID_ARGUMENT'],
      [{ path: '/var/log/x', text: 'x'.repeat(257) }, 'INVALID_ARGUMENT'],
      [{ path: '/var/log/x', cursor: '../x' }, 'INVALID_ARGUMENT'],
    ] as const)
      assert.equal((await node.open(readFile, request)).reason, reason, JSON.stringify(request).slice(0, 60));
    assert.notEqual((await node.open(readFile, { path: '/var/log' })).reason, '');
    assert.notEqual((await node.open(readFile, { path: '/dev/tty9' })).reason, '');
  });
});

const row = (index: number, more: object = {}): string =>
  `${JSON.stringify({
    __CURSOR: `s=${index}`,
    __REALTIME_TIMESTAMP: `${1_700_000_000_000_000 + index}`,
    PRIORITY: '4',
    _PID: '77',
    SYSLOG_IDENTIFIER: 'app',
    MESSAGE: `entry ${index}`,
    ...more,
  })}\n`;

function journal(program: Program): { host: FakeHost; argvs: string[][] } {
  const argvs: string[][] = [];
  const host = new FakeHost({
    programs: {
      '/bin/journalctl': (context) => {
        argvs.push([...context.argv]);
        return program(context);
      },
    },
  });
  host.files.put('/run/systemd/journal/socket', '');
  return { host, argvs };
}

describe('the journal', () => {
  it('entries of the journal have time, priority, source and process, whatever form their message has', async () => {
    const { host, argvs } = journal(async ({ write }) => {
      await write(
        `${row(1)}no JSON\nnull\n${row(2, { MESSAGE: [104, 105, 255] })}${row(3, { MESSAGE: null, PRIORITY: '9' })}`,
      );
      return 0;
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL, unit: 'app.service', maxPriority: 4, lines: 5 });
    await turns(host);
    assert.deepEqual(messages(call.messages), ['entry 1', 'hi\ufffd', '']);
    const [first, , third] = call.messages.flatMap(({ entries }) => entries);
    assert.deepEqual(
      [first?.timeUnixNs, first?.priority, first?.source, first?.pid, third?.priority],
      [1_700_000_000_000_001_000n, 4, 'app', 77, undefined],
    );
    assert.equal(call.messages.at(-1)?.cursor, 's=3');
    assert.deepEqual(argvs[0]?.slice(-6), ['-u', 'app.service', '-p', '4', '-n', '5']);
  });

  it('a followed journal continues after its last entry, and its program is killed when nobody reads any more', async () => {
    const { host, argvs } = journal(async ({ argv, write, sleep }) => {
      if (!argv.includes('-f')) {
        await write(row(1));
        return 0;
      }
      await write(row(2));
      await sleep(1e9);
      return 0;
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL, follow: true });
    await turns(host);
    assert.deepEqual(messages(call.messages), ['entry 1', 'entry 2']);
    assert.deepEqual(call.messages.map(({ caughtUp }) => caughtUp).filter(Boolean).length, 1);
    assert.ok(argvs[1]?.includes('--after-cursor=s=1'));
    assert.equal(host.processes.running.length, 1);
    await call.cancel();
    await turns(host);
    assert.deepEqual(host.processes.running, []);
  });

  it('a reader that does not read makes journalctl wait, and the agent answers others meanwhile', async () => {
    let written = 0;
    const { host } = journal(async ({ write }) => {
      for (let index = 1; index <= 20_000; index++) {
        await write(row(index));
        written = index;
      }
      return 0;
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL, lines: 10_000 }, { credit: 30_000 });
    await turns(host, 30);
    assert.ok(written < 2000, `${written} entries were written`);
    assert.equal(call.reason, undefined);
    await call.cancel();
    await turns(host);
    assert.deepEqual(host.processes.running, []);
  });

  it('a search in the journal is of its last 10,000 entries, and the last found are sent', async () => {
    const { host, argvs } = journal(async ({ write }) => {
      for (let index = 1; index <= 300; index++) await write(row(index));
      return 0;
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL, text: 'ENTRY 2', lines: 2 });
    await turns(host, 30);
    assert.deepEqual(messages(call.messages), ['entry 298', 'entry 299']);
    assert.deepEqual(argvs[0]?.slice(-2), ['-n', '10000']);
  });

  it('a journalctl that fails is an error with its words, and a guest without one lacks the capability', async () => {
    const { host } = journal(async ({ writeError }) => {
      await writeError('No journal files were found.\n');
      return 1;
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL });
    await turns(host);
    assert.equal(call.reason, 'GUEST_IO');
    assert.match(call.answers.end?.message ?? '', /No journal files/);
    assert.ok(capabilitiesOf(host).present.includes('logs.journal'));
    const bare = await startFakeAgent();
    assert.equal((await bare.node.open(read, { source: LogSource.JOURNAL })).reason, 'UNSUPPORTED_BY_AGENT');
    assert.match(
      capabilitiesOf(bare.host).missing.find(({ name }) => name === 'logs.journal')?.reason ?? '',
      /journalctl/,
    );
  });

  it('a guest where systemd is installed but does not run has no journal', async () => {
    const { host } = journal(() => 0);
    host.files.remove('/run/systemd/journal/socket');
    host.files.remove('/run/systemd/journal');
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.JOURNAL });
    assert.equal(call.reason, 'UNSUPPORTED_BY_AGENT');
    assert.match(call.answers.end?.message ?? '', /systemd-journald does not run/);
    const missing = capabilitiesOf(host).missing.find(({ name }) => name === 'logs.journal');
    assert.match(missing?.reason ?? '', /systemd-journald does not run/);
  });

  it('invalid units, cursors, priorities and sources are refused before any program is started', async () => {
    const { host, argvs } = journal(() => 0);
    const { node } = await startFakeAgent(host);
    const source = LogSource.JOURNAL;
    for (const request of [
      {},
      { source: 9 as 1 },
      { source, unit: '--flush' },
      { source, unit: 'a*' },
      { source, cursor: '--rotate x' },
      { source, cursor: 'x'.repeat(600) },
      { source, maxPriority: 8 },
      { source, lines: 10_001 },
      { source, text: 'x'.repeat(257) },
      { source: LogSource.KERNEL, unit: 'a' },
    ])
      assert.equal((await node.open(read, request)).reason, 'INVALID_ARGUMENT', JSON.stringify(request).slice(0, 60));
    assert.deepEqual(argvs, []);
  });
});

describe('the log of the kernel', () => {
  /** A kernel whose records are given one by one; undefined: none now; 'lost': overwritten. */
  function kernel(records: (string | undefined)[]): FakeHost {
    const host = new FakeHost();
    host.files.put('/dev/kmsg', '');
    const before = host.files.readNext.bind(host.files);
    host.files.readNext = (file, into) => {
      const next = records.shift();
      if (next === 'lost') throw new HostError('EPIPE', 'read');
      if (next === undefined) return before(file, into.subarray(0, 0)) && -1;
      return new TextEncoder().encodeInto(next, into).written;
    };
    return host;
  }

  it('records of the kernel have priority and time, and those that were overwritten are counted', async () => {
    const records: (string | undefined)[] = [
      '6,10,1000000,-;booting\n SUBSYSTEM=x\n',
      '30,11,2000000,-;a daemon\\x0aspeaks\n',
      'garbage',
      '6,12,46744073709551616,-;a time that no kernel has\n',
      undefined,
    ];
    const host = kernel(records);
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.KERNEL, follow: true });
    assert.deepEqual(messages(call.messages), ['booting', 'a daemon\nspeaks']);
    assert.deepEqual(
      call.messages[0]?.entries.map(({ priority, source }) => [priority, source]),
      [
        [6, 'kernel'],
        [6, 'kernel'],
      ],
    );
    records.push('lost', '3,20,3000000,-;late\n');
    await host.clock.advance(600);
    assert.deepEqual([messages(call.messages).at(-1), call.messages.at(-1)?.lost], ['late', 8n]);
    assert.equal(call.messages.at(-1)?.cursor, '21');
    await call.cancel();
  });

  it('the priority chooses records of the kernel, and the number the last ones', async () => {
    const host = kernel(['3,1,1,-;bad', '6,2,2,-;fine', '4,3,3,-;so so', '3,4,4,-;worse']);
    const { node } = await startFakeAgent(host);
    const call = await node.open(read, { source: LogSource.KERNEL, maxPriority: 4, lines: 2 });
    assert.deepEqual([messages(call.messages), call.reason], [['so so', 'worse'], '']);
  });
});

describe('the agent’s own log', () => {
  it('the agent’s last lines are sent with their levels as priorities, followed, and bounded', async () => {
    const { host, node, agentLog } = await startFakeAgent();
    agentLog.add('info agent.started version="1"');
    const call = await node.open(read, { source: LogSource.AGENT, follow: true });
    agentLog.add('warn port.lost');
    await settle();
    assert.deepEqual(messages(call.messages), ['info agent.started version="1"', 'warn port.lost']);
    assert.deepEqual(
      call.messages.flatMap(({ entries }) => entries.map(({ priority }) => priority)),
      [6, 4],
    );
    await call.cancel();
    for (let index = 0; index < 2000; index++) agentLog.add(`debug x ${'y'.repeat(10_000)}`);
    const after = await node.open(read, { source: LogSource.AGENT, lines: 10_000, cursor: '2' });
    await turns(host);
    assert.equal(messages(after.messages).length, 500);
    assert.equal(after.messages[0]?.lost, 1500n);
    assert.ok(messages(after.messages).every(({ length }) => length <= 512));
  });
});

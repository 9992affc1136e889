import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AgentLink } from '@innkeeper/agent-client';
import { type LogBatch, LogSource } from '@innkeeper/contract/agent';
import { GuestProcessServiceLite, LogServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { buildAgent } from '../../../apps/agent/testing/running-agent.ts';
import { FakeRoot, whyNoFakeRoot } from './fake-root.ts';

/** 20,000 entries, or those after a cursor for ever; notes its words. */
const journalctl = `echo "$@" >>/log
case "$*" in
  *' -f '*) exec sleep 876543;;
  *' -n 1') echo '{"__CURSOR":"s=1","MESSAGE":"the last one"}'; exit;;
  *broken.service*) echo "Failed to open: no" >&2; exit 1;;
  *endless.service*) exec yes x;;
esac
i=0
while [ $i -lt 20000 ]; do
  i=$((i + 1))
  echo '{"__CURSOR":"s='$i'","__REALTIME_TIMESTAMP":"1700000000000000","PRIORITY":"6","SYSLOG_IDENTIFIER":"app","MESSAGE":"entry '$i'"}'
done`;

before(buildAgent, { timeout: 300_000 });

describe('logs in a root of files', { skip: whyNoFakeRoot ?? false, timeout: 120_000 }, () => {
  let root: FakeRoot;
  let link: AgentLink;
  before(async () => {
    root = await FakeRoot.create();
    root.putProgram('/bin/journalctl', journalctl);
    root.put('/run/systemd/journal/socket', '');
    root.put('/var/log/app', Array.from({ length: 50_000 }, (_, index) => `line ${index + 1}\n`).join(''));
    link = await root.start();
  });
  after(() => root[Symbol.asyncDispose]());

  const path = (name: string): string => join(root.folder, 'var/log', name);
  const collect = async (batches: AsyncIterable<LogBatch>): Promise<string[]> => {
    const lines: string[] = [];
    for await (const { entries } of batches) lines.push(...entries.map(({ message }) => message));
    return lines;
  };
  const readFile = (request: object): AsyncIterable<LogBatch> =>
    link.stream(LogServiceLite.readFile, once({ path: '/var/log/app', ...request }));
  const read = (request: object): AsyncIterable<LogBatch> => link.stream(LogServiceLite.read, once(request));

  it('the last 10,000 of 50,000 lines of a file are sent in order, and the agent stays small', async () => {
    const lines = await collect(readFile({ lines: 10_000 }));
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [10_000, 'line 40001', 'line 50000']);
    assert.ok((await root.agent.status('VmHWM')) < 8 * 1024);
  });

  it('a followed file is followed through a rotation and a truncation, without a line lost', async () => {
    writeFileSync(path('turn'), 'one\n');
    const seen: string[] = [];
    let rotations = 0;
    const leaving = new AbortController();
    const following = (async () => {
      const request = once({ path: '/var/log/turn', follow: true });
      for await (const batch of link.stream(LogServiceLite.readFile, request, { signal: leaving.signal })) {
        if (batch.rotated) rotations += 1;
        seen.push(...batch.entries.map(({ message }) => message));
      }
    })();
    const has = (line: string): Promise<unknown> =>
      until(() => seen.includes(line), { what: () => `${line} among ${seen.join()}` });
    await has('one');
    appendFileSync(path('turn'), 'two\n');
    await has('two');
    appendFileSync(path('turn'), 'three\n');
    renameSync(path('turn'), path('turn.1'));
    appendFileSync(path('turn.1'), 'four\n');
    writeFileSync(path('turn'), 'five\n');
    await has('five');
    writeFileSync(path('turn'), '');
    await until(() => rotations === 2, { what: () => `${rotations} rotations` });
    appendFileSync(path('turn'), 'six\n');
    await has('six');
    assert.deepEqual(seen, ['one', 'two', 'three', 'four', 'five', 'six']);
    leaving.abort();
    await assert.rejects(following);
  });

  it('a reader that stops reading makes journalctl wait, which is killed when the reader leaves', async () => {
    const leaving = new AbortController();
    const request = once({ source: LogSource.JOURNAL, lines: 10_000 });
    const batches = link.stream(LogServiceLite.read, request, { signal: leaving.signal })[Symbol.asyncIterator]();
    await batches.next();
    await link.ping();
    leaving.abort();
    await assert.rejects(async () => {
      for (;;) if ((await batches.next()).done === true) return;
    });
    await programsGone('/bin/journalctl');
  });

  it('a followed journal ends its program when the session ends it', async () => {
    const leaving = new AbortController();
    const request = once({ source: LogSource.JOURNAL, lines: 1, follow: true });
    const batches = link.stream(LogServiceLite.read, request, { signal: leaving.signal })[Symbol.asyncIterator]();
    await batches.next();
    await until(() => readFileSync(join(root.folder, 'log'), 'utf8').includes(' -f '), { what: () => 'journalctl -f' });
    leaving.abort();
    await assert.rejects(async () => {
      for (;;) if ((await batches.next()).done === true) return;
    });
    await programsGone('sleep 876543');
  });

  it('a journalctl that fails is reported with its words, and one that prints nonsense without end is cut', async () => {
    await assert.rejects(collect(read({ source: LogSource.JOURNAL, unit: 'broken.service' })), {
      reason: 'GUEST_IO',
      message: /Failed to open: no/,
    });
    const leaving = new AbortController();
    const endless = link.stream(LogServiceLite.read, once({ source: LogSource.JOURNAL, unit: 'endless.service' }), {
      signal: leaving.signal,
    });
    const reading = collect(endless);
    await link.ping();
    leaving.abort();
    await assert.rejects(reading);
    await programsGone('yes x');
    assert.ok((await root.agent.status('VmHWM')) < 8 * 1024);
  });

  it('the agent’s own log is read', async () => {
    const lines = await collect(read({ source: LogSource.AGENT }));
    assert.ok(
      lines.some((line) => line.includes('agent.started')),
      lines.join('\n'),
    );
  });

  it('missing, malformed, oversized and hostile requests are refused before any program is started', async () => {
    const before = readFileSync(join(root.folder, 'log'), 'utf8');
    for (const request of [
      {},
      { source: 99 },
      { source: LogSource.JOURNAL, unit: '--vacuum-size=1' },
      { source: LogSource.JOURNAL, unit: 'a b' },
      { source: LogSource.JOURNAL, cursor: '--rotate\n' },
      { source: LogSource.JOURNAL, cursor: 'x'.repeat(60_000) },
      { source: LogSource.JOURNAL, text: 'x'.repeat(60_000) },
      { source: LogSource.JOURNAL, lines: 4_294_967_295 },
      { source: LogSource.AGENT, unit: 'x' },
    ])
      await assert.rejects(
        collect(read(request)),
        { reason: 'INVALID_ARGUMENT' },
        JSON.stringify(request).slice(0, 60),
      );
    for (const [request, reason] of [
      [{ path: '' }, 'INVALID_PATH'],
      [{ path: 'etc/passwd' }, 'INVALID_PATH'],
      [{ path: '/var/../etc/passwd' }, 'INVALID_PATH'],
      [{ path: '/a\0b' }, 'INVALID_PATH'],
      [{ path: '/none' }, 'FILE_NOT_FOUND'],
      [{ path: '/dev/zero' }, 'INVALID_ARGUMENT'],
      [{ path: '/var/log' }, 'INVALID_ARGUMENT'],
    ] as const)
      await assert.rejects(collect(readFile(request)), { reason }, JSON.stringify(request));
    assert.equal(readFileSync(join(root.folder, 'log'), 'utf8'), before);
  });

  async function programsGone(part: string): Promise<void> {
    const running = async (): Promise<string[]> => {
      const { processes } = await link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
      return processes.map(({ command }) => command).filter((command) => command.includes(part));
    };
    await until(async () => (await running()).length === 0, { what: () => `${part} is gone` });
  }
});

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}

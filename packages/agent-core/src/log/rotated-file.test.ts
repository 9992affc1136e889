import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogBatch } from '@innkeeper/contract/agent';
import { LogServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { settle } from '../fake/manual-clock.ts';
import { openOptions } from '../file/open-options.ts';

const { readFile } = LogServiceLite;

const messages = (batches: readonly LogBatch[]): string[] =>
  batches.flatMap(({ entries }) => entries.map(({ message }) => message));

/** Writes to the same file, as programs write their logs. */
function write(host: FakeHost, path: string, text: string): void {
  const file = host.files.open(path, openOptions({ access: 'write', append: true }));
  host.files.writeNext(file, new TextEncoder().encode(text));
  file.close();
}

async function turns(host: FakeHost): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await host.clock.advance(1);
    await settle();
  }
}

describe('the log of a file that is rotated while its reader is away, as in an update of the agent', () => {
  it('its reader gets the rest of the old file, then the new one, and nothing twice', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/x', 'one\n');
    const { node } = await startFakeAgent(host);
    const before = await node.open(readFile, { path: '/var/log/x', follow: true });
    await turns(host);
    const cursor = before.messages.at(-1)?.cursor ?? '';
    await before.cancel();
    write(host, '/var/log/x', 'two\nthree');
    host.files.rename('/var/log/x', '/var/log/x.1');
    host.files.put('/var/log/x.2', 'older\n');
    host.files.put('/var/log/x', 'new\n');
    const after = await node.open(readFile, { path: '/var/log/x', cursor, follow: true });
    await turns(host);
    assert.deepEqual(messages(after.messages), ['two', 'three', 'new']);
    assert.deepEqual(
      after.messages.filter(({ rotated }) => rotated).map(({ entries }) => entries[0]?.message),
      ['new'],
    );
    await after.cancel();
    host.files.unlink('/var/log/x.1');
    const gone = await node.open(readFile, { path: '/var/log/x', cursor });
    await turns(host);
    assert.deepEqual([messages(gone.messages), gone.messages[0]?.rotated], [['new'], true]);
  });
});

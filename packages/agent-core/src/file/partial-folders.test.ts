import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeHost, ManualClock } from '../fake/index.ts';
import { limitedFiles } from '../policy/limited-files.ts';
import { holdPartial, removeOldPartials } from './partial-files.ts';
import { PartialFolders } from './partial-folders.ts';

const list = '/var/lib/innkeeper-agent/partial-folders';
const hourMs = 60 * 60 * 1000;

function guest() {
  const clock = new ManualClock();
  const host = new FakeHost({ clock });
  host.files.putFolder('/var/lib');
  host.files.putFolder('/srv/d');
  return { clock, host, start: () => new PartialFolders(host, list, new AbortController().signal) };
}

describe('folders with partial files', () => {
  it('what a killed agent left is removed an hour later by the next one, in folders that nobody writes to', async () => {
    const { clock, host, start } = guest();
    const first = start();
    first.add('/srv/d');
    first.add('/srv/d');
    assert.equal(host.files.text(list), '/srv/d\n');
    host.files.put('/srv/d/.f.innkeeper-one.part', 'half');
    host.files.put('/srv/d/f', 'whole');
    start();
    await clock.advance(2 * 60_000);
    assert.deepEqual(host.files.names('/srv/d'), ['.f.innkeeper-one.part', 'f']);
    await clock.advance(2 * hourMs);
    assert.deepEqual(host.files.names('/srv/d'), ['f']);
    assert.equal(host.files.text(list), '');
  });

  it('an agent that starts hours after the guest removes old parts within two minutes', async () => {
    const { clock, host, start } = guest();
    host.files.put('/srv/d/.f.innkeeper-one.part', 'half');
    host.files.put(list, '/srv/d\n/gone\nnonsense\n');
    await clock.advance(3 * hourMs);
    start();
    await clock.advance(2 * 60_000);
    assert.deepEqual(host.files.names('/srv/d'), []);
    assert.equal(host.files.text(list), '');
  });

  it('remembers at most 1,024 folders, and nothing where /var/lib is missing or full', () => {
    const { host, start } = guest();
    const folders = start();
    for (let index = 0; index < 3000; index++) folders.add(`/srv/${index}`);
    assert.equal(host.files.text(list).split('\n').length, 1025);
    host.files.fail = () => 'ENOSPC';
    start().add('/srv/d');
    const bare = new FakeHost();
    new PartialFolders(bare, list, AbortSignal.abort()).add('/srv/d');
    assert.ok(!bare.files.exists('/var/lib'));
  });
});

it('a part that is being written under a policy is not removed, however long its sender pauses', async () => {
  const { clock, host, start } = guest();
  const limited = limitedFiles(host, {
    path: '/etc/innkeeper/agent.toml',
    keysPath: '/etc/innkeeper/update-keys',
    rules: { rateLimits: new Map() },
    where: (rule) => rule,
    denial: (what) => new OperationError('DENIED_BY_GUEST_POLICY', what),
  });
  const part = '/srv/d/.f.innkeeper-one.part';
  host.files.put(part, 'half');
  const release = holdPartial(limited, part);
  start().add('/srv/d');
  await clock.advance(3 * hourMs);
  assert.ok(host.files.exists(part));
  release();
  await clock.advance(2 * hourMs);
  assert.ok(!host.files.exists(part));
});

it('parts of trees that nobody writes are removed at once, and those of files that can resume are not', async () => {
  const { host } = guest();
  for (const name of [
    '.innkeeper-tree.innkeeper-0a.part',
    '.tar.innkeeper-one.part',
    '.innkeeper-tree.innkeeper-0b.part',
  ])
    host.files.put(`/srv/d/${name}`, 'half');
  const release = holdPartial(host, '/srv/d/.innkeeper-tree.innkeeper-0b.part');
  assert.equal(removeOldPartials(host, '/srv/d'), 2);
  assert.deepEqual(host.files.names('/srv/d'), ['.innkeeper-tree.innkeeper-0b.part', '.tar.innkeeper-one.part']);
  release();
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileChangeKind, FileServiceLite } from '@innkeeper/contract/agent-lite';
import { settle, startFakeAgent } from '../fake/index.ts';

/** IN_*, inotify(7). */
const movedFrom = 0x40;
const movedTo = 0x80;
const created = 0x100;
const removed = 0x200;
const overflown = 0x4000;
const ofFolder = 0x40000000;

const nameOf = (kind: number): string =>
  Object.entries(FileChangeKind).find(([, number]) => number === kind)?.[0] ?? `${kind}`;

/** An agent that watches /d, with what it reported as text. */
async function watching(options: { readonly recursive?: boolean; readonly credit?: number } = {}) {
  const { host, node } = await startFakeAgent();
  host.files.putFolder('/d/sub');
  const { recursive = true, ...more } = options;
  const call = await node.open(FileServiceLite.watch, { path: '/d', recursive }, more);
  const watcher = () => {
    const [only] = host.files.watchers;
    assert.ok(only !== undefined);
    return only;
  };
  const seen = (): string[] =>
    call.messages.flatMap(({ event }) => {
      if (event.case !== 'changes') return [event.case ?? ''];
      const { changes, lost } = event.value;
      const lines = changes.map(({ kind, path, oldPath }) => `${nameOf(kind)} ${oldPath && `${oldPath} `}${path}`);
      return lost ? ['LOST', ...lines] : lines;
    });
  const pass = async (ms: number): Promise<void> => {
    await host.clock.advance(ms);
    await settle();
  };
  return { host, node, call, watcher, seen, pass };
}

describe('a watch of files', () => {
  it('an id that is malformed or too long is refused, and nothing is watched', async () => {
    const { host, node } = await startFakeAgent();
    host.files.putFolder('/d');
    for (const watchId of ['a b', 'a/b', 'ä', 'a\n', '../x', 'x'.repeat(65), '$(id)', '\0']) {
      const call = await node.open(FileServiceLite.watch, { path: '/d', watchId });
      assert.equal(call.reason, 'INVALID_ARGUMENT', JSON.stringify(watchId));
    }
    assert.equal(host.files.watchers.size, 0);
    const call = await node.open(FileServiceLite.watch, { path: '/d', watchId: `A_-9${'x'.repeat(60)}` });
    assert.equal(call.messages[0]?.event.case, 'started');
  });

  it('a rename whose halves are read apart is one rename', async () => {
    const { watcher, seen, pass } = await watching();
    watcher().change('/d', movedFrom, 'a', 7);
    await pass(100);
    assert.deepEqual(seen(), ['started']);
    watcher().change('/d', movedTo, 'b', 7);
    await pass(100);
    assert.deepEqual(seen(), ['started', 'RENAMED /d/a /d/b']);
  });

  it('half a rename is a removal once the other half has not come', async () => {
    const { watcher, seen, pass } = await watching();
    watcher().change('/d', movedFrom, 'a', 7);
    await pass(100);
    await pass(100);
    assert.deepEqual(seen(), ['started', 'REMOVED /d/a']);
  });

  it('a folder that is gone again when its creation is read leaves nothing watched', async () => {
    const { watcher, seen, pass } = await watching();
    watcher().change('/d', created | ofFolder, 'new');
    watcher().change('/d', removed | ofFolder, 'new');
    await pass(100);
    assert.deepEqual(seen(), ['started', 'CREATED /d/new', 'REMOVED /d/new']);
    assert.equal(watcher().size, 2);
  });

  it('what is in a new folder is reported once, though its creation is also among the changes', async () => {
    const { host, watcher, seen, pass } = await watching();
    host.files.put('/d/new/deep/f');
    watcher().change('/d', created | ofFolder, 'new');
    // The watch that the new folder will have.
    watcher().push({ watch: 3, events: created | ofFolder, cookie: 0, name: 'deep' });
    await pass(100);
    assert.deepEqual(seen(), ['started', 'CREATED /d/new', 'CREATED /d/new/deep', 'CREATED /d/new/deep/f']);
    assert.equal(watcher().size, 4);
  });

  it('after an overflow of the kernel the tree is watched from the start again, and the caller is told that changes were lost', async () => {
    const { host, watcher, seen, pass } = await watching();
    const first = watcher();
    host.files.putFolder('/d/unseen');
    first.push({ watch: -1, events: overflown, cookie: 0, name: '' });
    await pass(100);
    assert.deepEqual(seen(), ['started']);
    await pass(1000);
    for (let turns = 0; turns < 5; turns++) await pass(0);
    assert.deepEqual(seen(), ['started', 'LOST']);
    assert.notEqual(watcher(), first);
    assert.equal(watcher().size, 3);
    watcher().change('/d/unseen', created, 'f');
    await pass(100);
    assert.deepEqual(seen().slice(2), ['CREATED /d/unseen/f']);
  });

  it('a reader without credit is waited for, and nothing more is read from the kernel meanwhile', async () => {
    const { host, call, watcher, seen, pass } = await watching({ recursive: false, credit: 8 });
    const long = 'x'.repeat(200);
    for (let index = 0; index < 100; index++) watcher().change('/d', created, `${long}${index}`);
    for (let rounds = 0; rounds < 10; rounds++) await pass(100);
    const before = seen().length;
    assert.ok(before < 100, `${before}`);
    await call.grant(1 << 20);
    for (let rounds = 0; rounds < 10; rounds++) await pass(100);
    assert.equal(seen().length, 101);
    await call.cancel();
    assert.equal(host.files.watchers.size, 0);
    assert.equal(host.clock.pendingTimers, 0);
  });

  it('limits of the guest’s kernel are named, and leave nothing open', async () => {
    const { host, node } = await startFakeAgent();
    host.files.putFolder('/d');
    host.files.fail = (call) => (call === 'inotify_init' ? 'EMFILE' : undefined);
    const none = await node.open(FileServiceLite.watch, { path: '/d' });
    assert.equal(none.reason, 'WATCH_LIMIT');
    assert.match(none.answers.end?.message ?? '', /max_user_instances/);
    host.files.fail = undefined;
    host.files.watchRefusal = 'ENOSPC';
    const full = await node.open(FileServiceLite.watch, { path: '/d' });
    assert.equal(full.reason, 'WATCH_LIMIT');
    assert.match(full.answers.end?.message ?? '', /max_user_watches/);
    assert.equal(host.files.openCount + host.files.watchers.size, 0);
  });

  it('a tree whose root was moved with its parent ends the watch instead of missing its new folders', async () => {
    const { host, watcher, seen, pass, call } = await watching();
    const top = watcher();
    host.files.rename('/d', '/e');
    top.push({ watch: 1, events: created | ofFolder, cookie: 0, name: 'new' });
    await pass(100);
    assert.deepEqual(seen(), ['started', 'CREATED /d/new', 'REMOVED /d']);
    assert.equal(call.reason, '');
  });
});

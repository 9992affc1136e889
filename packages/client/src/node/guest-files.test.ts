import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { FileChangeKind, type FileChangesSchema, WatchFilesEventSchema } from '@innkeeper/contract/agent';
import { signalNumber } from '../core/signal-number.ts';
import type { FileWatchEvent } from '../core/watch-files.ts';
import { callError, startFakeDaemon } from '../testing/fake-daemon.ts';
import { createClient } from './create-client.ts';

const changes = (value: MessageInitShape<typeof FileChangesSchema>) =>
  create(WatchFilesEventSchema, { event: { case: 'changes', value } });

describe('files of a guest', () => {
  it('files.list requests a folder page by page, and no page that is not consumed', async () => {
    const asked: string[] = [];
    await using daemon = await startFakeDaemon({
      guestFiles: {
        list({ path, pageToken, pageSize, hidden, sort, descending }) {
          asked.push(JSON.stringify([path, pageToken, pageSize, hidden, sort, descending]));
          const names = pageToken === '' ? ['a', 'b'] : ['c'];
          return { entries: names.map((name) => ({ path: `/d/${name}` })), nextPageToken: pageToken === '' ? 'b' : '' };
        },
      },
    });
    const { files } = createClient(daemon);
    const paths: string[] = [];
    for await (const { path } of files.list('one', '/d', { hidden: true, sort: 'size', descending: true, pageSize: 2 }))
      paths.push(path);
    assert.deepEqual(paths, ['/d/a', '/d/b', '/d/c']);
    assert.deepEqual(asked, ['["/d","",2,true,1,true]', '["/d","b",2,true,1,true]']);
    for await (const _ of files.list('one', '/d')) break;
    assert.equal(asked.length, 3);
    await daemon.idle();
  });

  it('file calls send the given fields and omit undefined ones', async () => {
    const asked: unknown[] = [];
    const note = (request: object): Record<string, never> => {
      asked.push({ ...request, $typeName: undefined });
      return {};
    };
    await using daemon = await startFakeDaemon({
      guestFiles: { makeDirectory: note, setOwner: (all) => ({ ...note(all), changed: 3n }), remove: note },
    });
    const { files } = createClient(daemon);
    await files.mkdir('one', '/d', { user: 'me', parents: true, mode: undefined });
    assert.equal(await files.chown('one', '/d', { user: undefined, group: 'staff' }, { recursive: true }), 3);
    assert.equal(await files.remove('one', '/d', { noSymlinks: true }), 0);
    const none = { $typeName: undefined };
    assert.deepEqual(asked, [
      { ...none, path: '/d', parents: true, user: 'me', noSymlinks: false },
      { ...none, path: '/d', group: 'staff', recursive: true, noSymlinks: false },
      { ...none, path: '/d', recursive: false, ignoreMissing: false, noSymlinks: true },
    ]);
  });

  it('file calls reject with the guest’s error, and with CANCELED on an abort', async () => {
    await using daemon = await startFakeDaemon({
      guestFiles: {
        stat() {
          throw callError('FILE_NOT_FOUND', 'no such file');
        },
        list: () => new Promise(() => undefined),
      },
    });
    const { files } = createClient(daemon);
    await assert.rejects(files.stat('one', '/none'), { reason: 'FILE_NOT_FOUND', message: 'no such file' });
    const abort = new AbortController();
    const listing = files.list('one', '/d', { signal: abort.signal }).next();
    abort.abort();
    await assert.rejects(listing, { reason: 'CANCELED' });
    await daemon.idle();
  });
});

describe('watching files of a guest', () => {
  it('files.watch yields changes one by one, ends with the folder, and gives up what is not consumed', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      guestFiles: {
        async *watch({ path, recursive, noSymlinks }) {
          asked.push([path, recursive, noSymlinks]);
          yield create(WatchFilesEventSchema, { event: { case: 'started', value: { folders: 2 } } });
          const unknown = { kind: 99 as FileChangeKind, path: '/d/x' };
          yield changes({ changes: [{ kind: FileChangeKind.CREATED, path: '/d/a' }, unknown] });
          const renamed = { kind: FileChangeKind.RENAMED, path: '/d/c', oldPath: '/d/b', isFolder: true };
          yield changes({ lost: true, changes: [renamed] });
        },
      },
    });
    const { files } = createClient(daemon);
    const seen: FileWatchEvent[] = [];
    for await (const event of files.watch('one', '/d', { recursive: true })) seen.push(event);
    assert.deepEqual(seen, [
      { kind: 'started', folders: 2 },
      { kind: 'created', path: '/d/a', isFolder: false },
      { kind: 'lost' },
      { kind: 'renamed', oldPath: '/d/b', path: '/d/c', isFolder: true },
    ]);
    for await (const _ of files.watch('one', '/d')) break;
    assert.deepEqual(asked, [
      ['/d', true, false],
      ['/d', false, false],
    ]);
    await daemon.idle();
  });
});

describe('processes of a guest', () => {
  it('guest processes are listed, and signalled by name or number', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      guestProcesses: {
        list: ({ pageSize }) => ({ total: 9, processes: [{ pid: pageSize, name: 'sh' }] }),
        signal({ pid, signal, tree, startedUnixNs }) {
          asked.push([pid, signal, tree, startedUnixNs]);
          return { signaled: 2 };
        },
      },
    });
    const { processes } = createClient(daemon);
    const { total, processes: rows } = await processes.list('one', { pageSize: 7, sort: 'memory' });
    assert.deepEqual([total, rows[0]?.pid], [9, 7]);
    assert.equal(await processes.signal('one', 50), 2);
    await processes.signal('one', 50, { name: 'SIGKILL', tree: true, startedUnixNs: 5n });
    assert.deepEqual(asked, [
      [50, 15, false, 0n],
      [50, 9, true, 5n],
    ]);
  });

  it('signalNumber accepts the Linux signals and no others', () => {
    assert.deepEqual(['term', 'SIGHUP', 'usr2', 'SYS', 64, '9'].map(signalNumber), [15, 1, 12, 31, 64, 9]);
    for (const wrong of ['', 'SIG', 'TERMS', '0', 65, -1, '1e1', 'toString'])
      assert.throws(() => signalNumber(wrong), { reason: 'INVALID_ARGUMENT' });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  DirectorySort,
  ListDirectoryRequestSchema,
  MakeDirectoryRequestSchema,
  RemoveFileRequestSchema,
  RenameFileRequestSchema,
  SetFileModeRequestSchema,
  SetFileOwnerRequestSchema,
} from '@innkeeper/contract/agent';
import { FakeHost, realClock } from '../fake/index.ts';
import { setFileMode, setFileOwner } from './change-tree.ts';
import { listDirectory } from './list-directory.ts';
import { makeDirectory } from './make-directory.ts';
import { removeFile } from './remove-tree.ts';
import { renameFile } from './rename-file.ts';

const signal = new AbortController().signal;

type Guest = FakeHost<ReturnType<typeof realClock>>;

function host(): Guest {
  const clock = realClock({ setTimeout, clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout) });
  const made = new FakeHost({ clock });
  made.files.put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n');
  made.files.put('/etc/group', 'root:x:0:\nme:x:1000:\n');
  return made;
}

type ListRequest = MessageInitShape<typeof ListDirectoryRequestSchema>;

async function namesOf(on: Guest, request: ListRequest): Promise<string[]> {
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await listDirectory(on, create(ListDirectoryRequestSchema, { ...request, pageToken }), signal);
    names.push(...(page.entries ?? []).map(({ path = '' }) => path.slice(path.lastIndexOf('/') + 1)));
    pageToken = page.nextPageToken ?? '';
  } while (pageToken !== '');
  return names;
}

describe('a list of a folder', () => {
  it('a directory’s pages contain every entry once, in order', async () => {
    const on = host();
    const names = Array.from({ length: 1000 }, (_, index) => `f${(index * 7919) % 1000}`.padEnd(5, 'x'));
    for (const name of names) on.files.put(`/d/${name}`);
    assert.deepEqual(await namesOf(on, { path: '/d', pageSize: 37 }), [...names].sort());
    assert.deepEqual(await namesOf(on, { path: '/d', pageSize: 37, descending: true }), names.sort().reverse());
    assert.equal(on.files.openCount, 0);
  });

  it('pages of a directory fit into an answer, whatever the names and links', async () => {
    const on = host();
    on.files.putFolder('/d');
    for (let index = 0; index < 60; index++) on.files.putLink(`/d/${index}${'日'.repeat(80)}`, 'x'.repeat(4000));
    const request = create(ListDirectoryRequestSchema, { path: '/d', pageSize: 1000 });
    const { entries = [], total } = await listDirectory(on, request, signal);
    assert.ok(entries.length > 5 && entries.length < 20, `${entries.length}`);
    assert.equal(total, 60n);
    assert.equal(new Set(await namesOf(on, { path: '/d', pageSize: 1000 })).size, 60);
  });

  it('a list sorted by size orders equal sizes by name, also across pages', async () => {
    const on = host();
    for (const [name, size] of [
      ['c', 5],
      ['a', 5],
      ['b', 5],
      ['z', 1],
      ['y', 9],
    ] as const)
      on.files.put(`/d/${name}`, 'x'.repeat(size));
    const request = { path: '/d', sort: DirectorySort.SIZE, pageSize: 2 };
    assert.deepEqual(await namesOf(on, request), ['z', 'a', 'b', 'c', 'y']);
  });

  it('a list skips hidden names unless requested, and counts what it returns', async () => {
    const on = host();
    for (const name of ['.hidden', 'shown']) on.files.put(`/d/${name}`);
    assert.deepEqual(await namesOf(on, { path: '/d' }), ['shown']);
    assert.deepEqual(await namesOf(on, { path: '/d', hidden: true }), ['.hidden', 'shown']);
    assert.equal((await listDirectory(on, create(ListDirectoryRequestSchema, { path: '/d' }), signal)).total, 1n);
  });

  it('a list reports a link’s target without following it', async () => {
    const on = host();
    on.files.put('/d/file');
    on.files.putLink('/d/link', '/etc/shadow');
    const { entries = [] } = await listDirectory(on, create(ListDirectoryRequestSchema, { path: '/d' }), signal);
    assert.equal(entries[1]?.symlinkTarget, '/etc/shadow');
  });

  it('a list refuses invalid page tokens and page sizes', async () => {
    const on = host();
    for (const wrong of [{ pageToken: 'x' }, { pageToken: '[1,2]' }, { pageSize: 1001 }])
      await assert.rejects(listDirectory(on, create(ListDirectoryRequestSchema, { path: '/', ...wrong }), signal), {
        reason: 'INVALID_ARGUMENT',
      });
  });
});

describe('removing', () => {
  const remove = (on: Guest, request: MessageInitShape<typeof RemoveFileRequestSchema>) =>
    removeFile(on, create(RemoveFileRequestSchema, request), signal);

  it('remove deletes a directory with its contents, and counts', async () => {
    const on = host();
    for (let index = 0; index < 200; index++) on.files.put(`/d/${index % 7}/f${index}`);
    assert.equal(await remove(on, { path: '/d/', recursive: true }), 208);
    assert.equal(on.files.exists('/d'), false);
    assert.equal(on.files.openCount, 0);
  });

  it('remove handles a tree deeper than its limit of open directories', async () => {
    const on = host();
    on.files.put(`/d/${'x/'.repeat(300)}file`);
    on.files.put(`/d/${'x/'.repeat(150)}other`);
    assert.equal(await remove(on, { path: '/d', recursive: true }), 303);
    assert.equal(on.files.exists('/d'), false);
  });

  it('remove deletes a link and never its target', async () => {
    const on = host();
    on.files.put('/keep/file');
    on.files.put('/d/file');
    on.files.putLink('/d/link', '/keep');
    on.files.putLink('/top', '/keep');
    await remove(on, { path: '/d', recursive: true });
    await remove(on, { path: '/top', recursive: true });
    assert.equal(on.files.exists('/keep/file'), true);
    assert.equal(on.files.exists('/top'), false);
  });

  it('remove refuses the root in every spelling', async () => {
    for (const path of ['/', '//', '/.', '/./', '/.//.'])
      await assert.rejects(remove(host(), { path, recursive: true }), { reason: 'INVALID_PATH' });
    await assert.rejects(remove(host(), { path: '/a/../..', recursive: true }), { reason: 'INVALID_PATH' });
  });

  it('remove requires "recursive" for a directory that is not empty', async () => {
    const on = host();
    on.files.put('/d/file');
    await assert.rejects(remove(on, { path: '/d' }), { reason: 'FILE_IS_DIRECTORY' });
    on.files.remove('/d/file');
    assert.equal(await remove(on, { path: '/d' }), 1);
  });

  it('remove does not follow links in the path if the caller forbids them', async () => {
    const on = host();
    on.files.put('/keep/file');
    on.files.putLink('/home', '/keep');
    await assert.rejects(remove(on, { path: '/home/file', noSymlinks: true }), { errno: 'ELOOP' });
    assert.equal(on.files.exists('/keep/file'), true);
  });

  it('remove ignores a missing file only on request', async () => {
    await assert.rejects(remove(host(), { path: '/none' }), { errno: 'ENOENT' });
    assert.equal(await remove(host(), { path: '/none', ignoreMissing: true }), 0);
    assert.equal(await remove(host(), { path: '/none/deeper', ignoreMissing: true }), 0);
  });
});

describe('changing a tree', () => {
  it('setting modes in a tree skips links and their targets', async () => {
    const on = host();
    on.files.put('/keep', '', { mode: 0o600 });
    on.files.put('/d/in/file', '', { mode: 0o644 });
    on.files.putLink('/d/link', '/keep');
    const request = create(SetFileModeRequestSchema, { path: '/d', mode: 0o750, recursive: true });
    assert.equal(await setFileMode(on, request, signal), 3);
    assert.equal(on.files.stat('/d/in/file', false).mode, 0o750);
    assert.equal(on.files.stat('/keep', false).mode, 0o600);
  });

  it('setting the mode of a link is refused', async () => {
    const on = host();
    on.files.putLink('/link', '/etc/passwd');
    const request = create(SetFileModeRequestSchema, { path: '/link', mode: 0o777 });
    await assert.rejects(setFileMode(on, request, signal), { reason: 'FILE_SYMLINK_REFUSED' });
  });

  it('setting only the user keeps the group, and the reverse', async () => {
    const on = host();
    on.files.put('/f', '', { uid: 7, gid: 8 });
    await setFileOwner(on, create(SetFileOwnerRequestSchema, { path: '/f', user: 'me' }), signal);
    assert.deepEqual([on.files.stat('/f', false).uid, on.files.stat('/f', false).gid], [1000, 8]);
    await assert.rejects(setFileOwner(on, create(SetFileOwnerRequestSchema, { path: '/f' }), signal), {
      reason: 'INVALID_ARGUMENT',
    });
    await assert.rejects(setFileOwner(on, create(SetFileOwnerRequestSchema, { path: '/f', user: 'who' }), signal), {
      reason: 'USER_NOT_FOUND',
    });
  });
});

describe('making and moving', () => {
  const make = (on: Guest, request: MessageInitShape<typeof MakeDirectoryRequestSchema>) =>
    makeDirectory(on, create(MakeDirectoryRequestSchema, request));
  const move = (on: Guest, request: MessageInitShape<typeof RenameFileRequestSchema>) =>
    renameFile(on, create(RenameFileRequestSchema, request));

  it('a directory is created with mode and owner, and its parents on request', async () => {
    const on = host();
    assert.equal(await make(on, { path: '/a/b//c/', parents: true, mode: 0o700, user: 'me' }), '/a/b/c');
    const { mode, uid } = on.files.stat('/a/b/c', false);
    assert.deepEqual([mode, uid], [0o700, 1000]);
    await assert.rejects(make(on, { path: '/x/y' }), { errno: 'ENOENT' });
  });

  it('creating an existing directory succeeds only with "parents"', async () => {
    const on = host();
    on.files.put('/a/file');
    await make(on, { path: '/a', parents: true });
    await assert.rejects(make(on, { path: '/a' }), { errno: 'EEXIST' });
    await assert.rejects(make(on, { path: '/a/file', parents: true }), { errno: 'EEXIST' });
  });

  it('rename moves, and replaces only on request', () => {
    const on = host();
    on.files.put('/a', 'one');
    on.files.put('/b', 'two');
    assert.throws(() => move(on, { from: '/a', to: '/b' }), { reason: 'FILE_EXISTS' });
    assert.equal(move(on, { from: '/a', to: '/b', replace: true }), '/b');
    assert.equal(on.files.text('/b'), 'one');
    assert.equal(on.files.openCount, 0);
  });
});

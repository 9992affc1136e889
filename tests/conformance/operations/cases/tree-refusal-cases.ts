import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';
import type { NativeClient } from '../native-client.ts';

const needsNative = 'details of folders';

type Link = NativeClient['link'];
type Options = { readonly noSymlinks?: boolean };

/** Every method on a path. */
const operations: Readonly<Record<string, (link: Link, path: string, options?: Options) => Promise<unknown>>> = {
  stat: (link, path, options) => link.call(FileServiceLite.stat, { path, ...options }),
  list: (link, path, options) => link.call(FileServiceLite.list, { path, ...options }),
  makeDirectory: (link, path, options) => link.call(FileServiceLite.makeDirectory, { path, ...options }),
  'makeDirectory with parents': (link, path, options) =>
    link.call(FileServiceLite.makeDirectory, { path, parents: true, ...options }),
  'rename from': (link, path, options) =>
    link.call(FileServiceLite.rename, { from: path, to: '/nowhere/at/all', ...options }),
  'rename to': (link, path, options) =>
    link.call(FileServiceLite.rename, { from: '/etc/passwd', to: path, ...options }),
  remove: (link, path, options) =>
    link.call(FileServiceLite.remove, { path, recursive: true, ignoreMissing: true, ...options }),
  setMode: (link, path, options) => link.call(FileServiceLite.setMode, { path, mode: 0o600, ...options }),
  setOwner: (link, path, options) => link.call(FileServiceLite.setOwner, { path, user: '0', ...options }),
  readTar: async (link, path, options) => {
    for await (const _ of link.readTar({ path, ...options }).chunks) break;
  },
  writeTar: (link, path, options) => link.writeTar({ path, ...options }, emptyArchive),
};

async function* emptyArchive(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1024);
}

export const treeRefusalCases: readonly ConformanceCase[] = [
  {
    title: 'methods on folders refuse paths that are missing, relative, too long, or contain NUL or ".."',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      const wrong = ['', 'relative', '.', `${folder}/a\0b`, `${folder}/../x`, `${folder}/..`, `/${'x'.repeat(4096)}`];
      for (const [name, work] of Object.entries(operations))
        for (const path of [...wrong, `${folder}/${'x'.repeat(256)}/y`])
          await assert.rejects(
            work(link, path),
            (error: { reason?: string }) =>
              ['INVALID_PATH', 'FILE_NOT_FOUND'].includes(error.reason ?? '') &&
              (wrong.includes(path) ? error.reason === 'INVALID_PATH' : true),
            `${name} of ${JSON.stringify(path).slice(0, 60)}`,
          );
      assert.deepEqual(await readdir(folder), []);
    },
  },
  {
    title: 'a link within a path is refused if requested, and its target is not touched',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      await mkdir(join(folder, 'outside', 'sub'), { recursive: true });
      await writeFile(join(folder, 'outside', 'file'), 'mine');
      await mkdir(join(folder, 'people'));
      await symlink('../outside', join(folder, 'people', 'planted'));
      const refused = { reason: 'FILE_SYMLINK_REFUSED' };
      for (const [name, work] of Object.entries(operations))
        for (const below of ['sub', 'file', 'new/deep'])
          await assert.rejects(work(link, `${folder}/people/planted/${below}`, { noSymlinks: true }), refused, name);
      await assert.rejects(
        link.call(FileServiceLite.list, { path: `${folder}/people/planted`, noSymlinks: true }),
        refused,
      );
      await assert.rejects(
        link.writeTar({ path: `${folder}/people/planted`, noSymlinks: true }, emptyArchive),
        refused,
      );
      await assert.rejects(
        link.call(FileServiceLite.stat, { path: `${folder}/people/planted`, noSymlinks: true, follow: true }),
        refused,
      );
      assert.deepEqual((await readdir(join(folder, 'outside'))).sort(), ['file', 'sub']);
      assert.equal((await link.call(FileServiceLite.stat, { path: `${folder}/people/planted/file` })).sizeBytes, 4n);
    },
  },
  {
    title: 'removing, moving or changing the root is refused, however its path is written',
    needsNative,
    run: async ({ client: { link } }) => {
      const wrong = { reason: 'INVALID_PATH' };
      for (const path of ['/', '//', '/.', '/./', '//./.', '/.//']) {
        await assert.rejects(
          link.call(FileServiceLite.remove, { path, recursive: true, ignoreMissing: true }),
          wrong,
          path,
        );
        await assert.rejects(link.call(FileServiceLite.rename, { from: path, to: '/tmp/root' }), wrong, path);
        await assert.rejects(link.call(FileServiceLite.setMode, { path, mode: 0o700, recursive: true }), wrong, path);
        await assert.rejects(
          link.call(FileServiceLite.setOwner, { path, user: '12345', recursive: true }),
          wrong,
          path,
        );
        await assert.rejects(link.call(FileServiceLite.makeDirectory, { path }), wrong, path);
      }
    },
  },
  {
    title: 'a mounted file system is not removed along with its parent folder',
    needsNative,
    run: async ({ client: { link } }) => {
      for (const path of ['/proc', '/dev/', '/sys'])
        await assert.rejects(
          link.call(FileServiceLite.remove, { path, recursive: true }),
          { reason: 'FILE_IS_MOUNT_POINT' },
          path,
        );
      assert.ok((await readdir('/proc')).length > 10);
    },
  },
  {
    title: 'existing targets, missing files and files in place of folders are refused with their reasons',
    needsNative,
    run: async ({ client: { link }, folder }) => {
      await writeFile(join(folder, 'file'), 'x');
      await mkdir(join(folder, 'sub'));
      const [file, sub, none] = [`${folder}/file`, `${folder}/sub`, `${folder}/none`];
      const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['FILE_EXISTS', () => link.call(FileServiceLite.makeDirectory, { path: sub })],
        ['FILE_EXISTS', () => link.call(FileServiceLite.makeDirectory, { path: file, parents: true })],
        ['FILE_EXISTS', () => link.call(FileServiceLite.rename, { from: file, to: sub })],
        ['FILE_IS_DIRECTORY', () => link.call(FileServiceLite.rename, { from: file, to: sub, replace: true })],
        ['FILE_NOT_FOUND', () => link.call(FileServiceLite.rename, { from: none, to: file })],
        ['FILE_NOT_FOUND', () => link.call(FileServiceLite.stat, { path: none })],
        ['FILE_NOT_FOUND', () => link.call(FileServiceLite.list, { path: none })],
        ['FILE_NOT_DIRECTORY', () => link.call(FileServiceLite.list, { path: file })],
        ['FILE_NOT_FOUND', () => link.call(FileServiceLite.remove, { path: none })],
        ['FILE_NOT_FOUND', () => link.call(FileServiceLite.setMode, { path: none, mode: 0o600 })],
        ['INVALID_ARGUMENT', () => link.call(FileServiceLite.setMode, { path: file, mode: 0o10000 })],
        ['INVALID_ARGUMENT', () => link.call(FileServiceLite.makeDirectory, { path: none, mode: 0o7777_7 })],
        ['INVALID_ARGUMENT', () => link.call(FileServiceLite.setOwner, { path: file })],
        ['USER_NOT_FOUND', () => link.call(FileServiceLite.setOwner, { path: file, user: 'nobody-knows-this' })],
        ['GROUP_NOT_FOUND', () => link.call(FileServiceLite.setOwner, { path: file, group: 'nobody-knows-this' })],
        ['INVALID_ARGUMENT', () => link.call(FileServiceLite.list, { path: folder, pageSize: 1001 })],
        ['INVALID_ARGUMENT', () => link.call(FileServiceLite.list, { path: folder, pageToken: '{"a":1}' })],
      ];
      for (const [index, [reason, work]] of cases.entries())
        await assert.rejects(work(), { reason }, `case ${index}, ${reason}`);
      await writeFile(join(sub, 'in'), '');
      await assert.rejects(link.call(FileServiceLite.remove, { path: sub }), { reason: 'FILE_IS_DIRECTORY' });
      assert.deepEqual(await readdir(folder), ['file', 'sub']);
    },
  },
];

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rmdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

const data = Buffer.from('data');

/** Runs `work` with a file system of 64 KiB. */
async function withSmallDisk(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { stdio: 'ignore' });
  try {
    await work(folder);
  } finally {
    execFileSync('umount', [folder]);
    await rmdir(folder);
  }
}

/** Determined by trying, since root in a container often may not mount. */
const cannotMount = await withSmallDisk(async () => undefined).then(
  () => undefined,
  () => 'this user may not mount a tmpfs',
);

export const fileRefusalCases: readonly ConformanceCase[] = [
  {
    title: 'paths that are relative or contain NUL or ".." are refused',
    needs: ['reading files', 'writing files', 'absolute paths'],
    run: async ({ client, folder }) => {
      const wrong = { reason: 'INVALID_PATH' };
      for (const path of ['file', '', `${folder}/../x`, `${folder}/a\0b`, `${folder}/..`]) {
        await assert.rejects(client.read(path), wrong, JSON.stringify(path));
        await assert.rejects(client.write({ path, data }), wrong, JSON.stringify(path));
      }
      assert.deepEqual(await readdir(folder), []);
    },
  },
  {
    title: 'nothing is written to a relative path, to a folder, below a file or into a missing folder',
    needs: ['writing files', 'refusals with reasons', 'absolute paths'],
    run: async ({ client, folder }) => {
      await writeFile(join(folder, 'file'), 'x');
      for (const [path, reason] of [
        ['file', 'INVALID_PATH'],
        [`${folder}/../x`, 'INVALID_PATH'],
        [folder, 'FILE_IS_DIRECTORY'],
        [join(folder, 'file', 'below'), 'FILE_NOT_DIRECTORY'],
        [join(folder, 'none', 'file'), 'FILE_NOT_FOUND'],
      ] as const)
        await assert.rejects(client.write({ path, data }), { reason }, path);
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
  {
    title: 'reading a missing file and writing into a missing folder are refused',
    needs: ['reading files', 'writing files', 'refusals with reasons'],
    run: async ({ client, folder }) => {
      await assert.rejects(client.read(join(folder, 'none')), { reason: 'FILE_NOT_FOUND' });
      await assert.rejects(client.write({ path: join(folder, 'none', 'file'), data }), { reason: 'FILE_NOT_FOUND' });
    },
  },
  {
    title: 'a folder in place of a file, and a file in place of a folder, are refused',
    needs: ['reading files', 'writing files', 'refusals with reasons', 'replacing files whole'],
    run: async ({ client, folder }) => {
      await mkdir(join(folder, 'sub'));
      await writeFile(join(folder, 'file'), 'x');
      for (const path of [join(folder, 'sub'), '/']) {
        await assert.rejects(client.read(path), { reason: 'FILE_IS_DIRECTORY' }, path);
        await assert.rejects(client.write({ path, data }), { reason: 'FILE_IS_DIRECTORY' }, path);
      }
      const below = join(folder, 'file', 'below');
      await assert.rejects(client.read(below), { reason: 'FILE_NOT_DIRECTORY' });
      await assert.rejects(client.write({ path: below, data }), { reason: 'FILE_NOT_DIRECTORY' });
    },
  },
  {
    title: 'links at the end of a path and within it are refused if requested',
    needsNative: 'refusing links',
    run: async ({ client, folder }) => {
      await mkdir(join(folder, 'real'));
      await writeFile(join(folder, 'real', 'file'), 'x');
      await symlink('real', join(folder, 'way'));
      await symlink('file', join(folder, 'real', 'end'));
      for (const path of [join(folder, 'way', 'file'), join(folder, 'real', 'end')]) {
        const refused = { reason: 'FILE_SYMLINK_REFUSED' };
        await assert.rejects(client.readAll({ path, noSymlinks: true }), refused, path);
        await assert.rejects(client.writeAll({ path, noSymlinks: true }, data), refused, path);
      }
      assert.equal(`${(await client.readAll({ path: join(folder, 'real', 'file'), noSymlinks: true })).data}`, 'x');
    },
  },
  {
    title: 'a file that must not exist is not replaced',
    needsNative: 'new files only',
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await client.writeAll({ path, mustNotExist: true }, data);
      await assert.rejects(client.writeAll({ path, mustNotExist: true }, data), { reason: 'FILE_EXISTS' });
    },
  },
  {
    title: 'the state of an invalid upload is refused, and getting a state changes nothing',
    needsNative: 'resumed uploads',
    run: async ({ client, folder }) => {
      const stateOf = (path: string, uploadId: string) =>
        client.link.call(FileServiceLite.getUpload, { path, uploadId, noSymlinks: true });
      for (const uploadId of ['', 'a/../b', 'x'.repeat(65), 'a\0'])
        await assert.rejects(stateOf(join(folder, 'file'), uploadId), { reason: 'INVALID_ARGUMENT' });
      await assert.rejects(stateOf('relative', 'a'), { reason: 'INVALID_PATH' });
      await assert.rejects(stateOf(folder, 'a'), { reason: 'FILE_IS_DIRECTORY' });
      // A link in place of the partial file is not an upload.
      await symlink('/etc/passwd', join(folder, '.file.innkeeper-a.part'));
      assert.equal((await stateOf(join(folder, 'file'), 'a')).offset, 0n);
      assert.equal((await stateOf(join(folder, 'none', 'file'), 'a')).offset, 0n);
      assert.deepEqual(await readdir(folder), ['.file.innkeeper-a.part']);
    },
  },
  {
    title: 'writing to a full disk is refused with a reason, and leaves no partial file',
    needs: ['reading files', 'writing files', 'replacing files whole'],
    skip: cannotMount,
    run: ({ client }) =>
      withSmallDisk(async (folder) => {
        const path = join(folder, 'file');
        await client.write({ path, data });
        await assert.rejects(client.write({ path, data: new Uint8Array(200_000) }), { reason: 'GUEST_DISK_FULL' });
        assert.deepEqual(await readdir(folder), ['file']);
        assert.equal(`${await client.read(path)}`, 'data');
        await client.ping();
      }),
  },
  {
    title: 'a disk that becomes full during an upload is reported, and leaves no partial file',
    skip: cannotMount,
    needsNative: 'uploads of unknown size',
    run: ({ client }) =>
      withSmallDisk(async (folder) => {
        const open = { path: join(folder, 'file') };
        await assert.rejects(client.writeAll(open, new Uint8Array(200_000)), { reason: 'GUEST_DISK_FULL' });
        assert.deepEqual(await readdir(folder), []);
      }),
  },
];

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConformanceCase } from '../conformance-case.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'only root may give files away';

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

export const fileCases: readonly ConformanceCase[] = [
  {
    title: 'a file is written and read back, with the requested mode',
    needs: ['reading files', 'writing files', 'modes of files', 'replacing files whole'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      const data = randomBytes(700_000);
      assert.equal(await client.write({ path, data, mode: 0o640 }), data.length);
      assert.equal((await stat(path)).mode & 0o7777, 0o640);
      assert.ok(data.equals(await readFile(path)));
      assert.ok(data.equals(await client.read(path)));
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
  {
    title: 'text is written with the requested mode, and replaced whole',
    needs: ['writing files', 'modes of files', 'replacing files whole'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      for (const [text, mode] of [
        ['größer', 0o640],
        ['one', 0o600],
        ['', 0o604],
      ] as const) {
        const data = Buffer.from(text);
        assert.equal(await client.write({ path, data, mode }), data.length);
        assert.equal(await readFile(path, 'utf8'), text);
        assert.equal((await stat(path)).mode & 0o7777, mode);
      }
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
  {
    title: 'what is written can be read back, byte by byte',
    needs: ['reading files', 'writing files'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      const data = randomBytes(700_000);
      assert.equal(await client.write({ path, data }), data.length);
      assert.ok(data.equals(await readFile(path)));
      assert.ok(data.equals(await client.read(path)));
    },
  },
  {
    title: 'text is appended to a file, and to one that does not exist',
    needs: ['appending'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await client.append(path, Buffer.from('one'));
      await client.append(path, Buffer.from('two'));
      assert.equal(await readFile(path, 'utf8'), 'onetwo');
    },
  },
  {
    title: 'an empty file is written and read back',
    needs: ['reading files', 'writing files'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'empty');
      await client.write({ path, data: new Uint8Array(0) });
      assert.equal((await stat(path)).size, 0);
      assert.equal((await client.read(path)).length, 0);
    },
  },
  {
    title: 'a new file has mode 0644, and a replaced one keeps its mode',
    needs: ['writing files', 'default modes of files'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await client.write({ path, data: Buffer.from('one') });
      assert.equal((await stat(path)).mode & 0o7777, 0o644);
      await chmod(path, 0o600);
      await client.write({ path, data: Buffer.from('two') });
      assert.equal((await stat(path)).mode & 0o7777, 0o600);
      assert.equal(await readFile(path, 'utf8'), 'two');
    },
  },
  {
    title: 'a part of a file is read from an offset',
    needs: ['reading files'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await writeFile(path, '0123456789');
      assert.equal(`${await client.read(path, { offset: 3, length: 4 })}`, '3456');
      assert.equal(`${await client.read(path, { offset: 8, length: 10 })}`, '89');
      assert.equal(`${await client.read(path, { offset: 10, length: 1 })}`, '');
      assert.equal(`${await client.read(path, { offset: 99, length: 1 })}`, '');
    },
  },
  {
    title: 'a file of unknown size is read to its end',
    needs: ['reading files'],
    run: async ({ client }) => {
      assert.match(`${await client.read('/proc/cpuinfo')}`, /processor/);
    },
  },
  {
    title: 'the target of a write is unchanged until the file is complete',
    needs: ['reading files', 'writing files', 'replacing files whole'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await writeFile(path, 'as it was');
      await client.writeInTwo({ path, data: Buffer.from('what it will be') }, async () => {
        assert.equal(await readFile(path, 'utf8'), 'as it was');
      });
      assert.equal(await readFile(path, 'utf8'), 'what it will be');
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
  {
    title: 'parent folders are created if requested',
    needs: ['parent folders'],
    run: async ({ client, folder }) => {
      const path = join(folder, 'a', 'b', 'file');
      await client.write({ path, data: Buffer.from('deep'), createParents: true });
      assert.equal(await readFile(path, 'utf8'), 'deep');
    },
  },
  {
    title: 'writing to a link follows it and keeps the link',
    needs: ['writing files', 'reading files'],
    run: async ({ client, folder }) => {
      await writeFile(join(folder, 'real'), 'old');
      await symlink('real', join(folder, 'link'));
      await client.write({ path: join(folder, 'link'), data: Buffer.from('new') });
      assert.equal(await readFile(join(folder, 'real'), 'utf8'), 'new');
      assert.equal(`${await client.read(join(folder, 'link'))}`, 'new');
      assert.deepEqual((await readdir(folder)).sort(), ['link', 'real']);
    },
  },
  {
    title: 'the owner of a file is set by name and by number',
    skip: notRoot,
    needsNative: 'owners of files',
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      await client.writeAll({ path, user: 'daemon', group: '2' }, Buffer.from('x'));
      const { uid, gid } = await stat(path);
      assert.deepEqual([uid, gid], [1, 2]);
    },
  },
  {
    title: 'SHA-256 is returned in both directions, and a mismatch replaces nothing',
    needsNative: 'hashes of files',
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      const data = randomBytes(200_000);
      const written = await client.writeAll({ path, sha256: true }, data);
      assert.ok(sha256(data).equals(written.sha256));
      assert.ok(sha256(data).equals((await client.readAll({ path, sha256: true })).sha256));
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('other');
      };
      await assert.rejects(client.link.writeFile({ path }, source, { expectedSha256: () => sha256(data) }), {
        reason: 'CHECKSUM_MISMATCH',
      });
      assert.ok(data.equals(await readFile(path)));
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
  {
    title: 'an interrupted upload resumes at its offset',
    needsNative: 'resumed uploads',
    run: async ({ client, folder }) => {
      const open = { path: join(folder, 'file'), uploadId: 'again', resume: true };
      // More than a call may send before anything was written.
      const data = randomBytes(800_000);
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield data.subarray(0, 600_000);
        throw new Error('the source failed');
      };
      await assert.rejects(client.link.writeFile(open, broken), /the source failed/);
      await assert.rejects(stat(open.path), { code: 'ENOENT' });
      const asked = { path: open.path, uploadId: 'again' };
      const state = await client.link.call(FileServiceLite.getUpload, asked);
      assert.ok(state.modifiedUnixNs !== undefined && state.offset > 0n, `${state.offset}`);
      let from = 0n;
      await client.link.writeFile(open, async function* (offset) {
        from = offset;
        yield data.subarray(Number(offset));
      });
      assert.equal(from, state.offset);
      assert.equal(
        (await client.link.call(FileServiceLite.getUpload, asked)).offset,
        0n,
        'the partial file is left behind',
      );
      assert.ok(data.equals(await readFile(open.path)));
      assert.deepEqual(await readdir(folder), ['file']);
    },
  },
];

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { link, lstat, mkdir, open, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConformanceCase } from '../conformance-case.ts';
import { archive, entry, paxHeader } from '../hostile-tar.ts';
import type { NativeClient } from '../native-client.ts';

const needsNative = 'archives';

async function unpack(client: NativeClient, path: string, bytes: Uint8Array, open: object = {}) {
  const said: string[] = [];
  const source = async function* () {
    yield bytes;
  };
  const onSkip = (what: string): number => said.push(what);
  const request = { path, createParents: true, nameSkipped: true, ...open };
  const { skipped } = await client.link.writeTar(request, source, { onSkip });
  return { said, skipped };
}

async function pack(client: NativeClient, path: string, options: object = {}) {
  const reading = client.link.readTar({ path, sparse: true, attributes: true, nameSkipped: true, ...options });
  const pieces: Uint8Array[] = [];
  for await (const chunk of reading.chunks) pieces.push(chunk.slice());
  return { bytes: Buffer.concat(pieces), skipped: (await reading.done).skipped };
}

type OpenWrite = Parameters<NativeClient['link']['writeFile']>[0];

async function write(client: NativeClient, open: OpenWrite, content: Uint8Array): Promise<void> {
  await client.link.writeFile(open, async function* (from) {
    for (let at = Number(from); at < content.length; at += 30_011) yield content.subarray(at, at + 30_011);
  });
}

/** What a copy of a file or tree keeps. */
export const copyCases: readonly ConformanceCase[] = [
  {
    title: 'a tree that is archived and unpacked keeps times, hard links, holes and the sticky bit',
    needsNative,
    run: async ({ client, folder }) => {
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'in'), { recursive: true });
      await writeFile(join(tree, 'a'), 'text');
      await link(join(tree, 'a'), join(tree, 'in', 'b'));
      await symlink('a', join(tree, 'link'));
      const file = await open(join(tree, 'sparse'), 'w');
      for (const at of [4096, 5_000_000]) await file.write(`at ${at}`, at);
      await file.truncate(20_000_000);
      await file.close();
      await writeFile(join(tree, 'hole'), '');
      await truncate(join(tree, 'hole'), 20_000_000);
      execFileSync('chmod', ['1777', join(tree, 'in')]);
      const names = ['a', 'link', 'sparse', 'in', '.'];
      for (const name of names) execFileSync('touch', ['-hd', '1999-02-03 04:05:06.123456789', join(tree, name)]);
      const { bytes, skipped } = await pack(client, tree);
      assert.deepEqual(skipped, []);
      assert.ok(bytes.length < 100_000, `${bytes.length}`);
      await mkdir(join(folder, 'by-tar'));
      execFileSync('tar', ['-C', join(folder, 'by-tar'), '-xpf', '-'], { input: bytes });
      await unpack(client, join(folder, 'by-agent'), bytes);
      for (const by of ['by-tar', 'by-agent']) {
        const copy = join(folder, by, 'tree');
        for (const name of names) {
          const wanted = await lstat(join(tree, name), { bigint: true });
          assert.equal((await lstat(join(copy, name), { bigint: true })).mtimeNs, wanted.mtimeNs, `${by} ${name}`);
        }
        assert.equal((await stat(join(copy, 'in'))).mode & 0o7777, 0o1777);
        assert.equal((await stat(join(copy, 'a'))).ino, (await stat(join(copy, 'in', 'b'))).ino);
        for (const name of ['sparse', 'hole']) {
          execFileSync('cmp', [join(copy, name), join(tree, name)]);
          assert.ok((await stat(join(copy, name))).blocks * 512 < 100_000, `${by} ${name}`);
        }
      }
      assert.ok((await pack(client, tree, { sparse: false })).bytes.length > 40_000_000);
    },
  },
  {
    title: 'a path with a slash at its end archives the folder that a link leads to',
    needsNative,
    run: async ({ client, folder }) => {
      await mkdir(join(folder, 'real'));
      await writeFile(join(folder, 'real', 'f'), '');
      await symlink('real', join(folder, 'link'));
      const listed = async (path: string): Promise<string> =>
        execFileSync('tar', ['-tf', '-'], { input: (await pack(client, path)).bytes }).toString();
      assert.equal(await listed(join(folder, 'link')), 'link\n');
      assert.equal(await listed(`${join(folder, 'link')}/`), 'link/\nlink/f\n');
      await assert.rejects(pack(client, `${join(folder, 'link')}/`, { noSymlinks: true }), {
        reason: 'FILE_SYMLINK_REFUSED',
      });
      await assert.rejects(pack(client, `${join(folder, 'real', 'f')}/`), { reason: 'FILE_NOT_DIRECTORY' });
    },
  },
  {
    title: 'with owners, attributes are unpacked and archived as tar(1) does; others, and too many, are not',
    needsNative,
    run: async ({ client, folder }) => {
      const records = {
        'SCHILY.xattr.user.note': 'value',
        'SCHILY.xattr.trusted.overlay.opaque': 'y',
        'SCHILY.xattr.security.selinux': 'label',
      };
      const bytes = archive(paxHeader(records), entry('d/', { type: '5' }), paxHeader(records), entry('d/f'));
      const { said } = await unpack(client, folder, bytes, { keepOwners: true });
      if (said.length > 0) {
        assert.match(said.join('\n'), /^d\/f: its attribute user.note could not be set: EOPNOTSUPP \(named once\)$/);
        return;
      }
      const packed = (await pack(client, join(folder, 'd'))).bytes;
      assert.equal(packed.toString('latin1').split('SCHILY.xattr.user.note=value\n').length, 3);
      assert.ok(!packed.includes('trusted') && !packed.includes('selinux'));
      const gnu = execFileSync('tar', ['-C', folder, '--xattrs', '--format=pax', '-cf', '-', 'd']);
      assert.ok(gnu.includes('SCHILY.xattr.user.note=value\n'));
      assert.deepEqual((await unpack(client, join(folder, 'again'), gnu, { keepOwners: true })).said, []);
      const plain = await unpack(client, join(folder, 'plain'), packed);
      assert.deepEqual(plain.said, []);
      assert.ok(!(await pack(client, join(folder, 'plain', 'd'))).bytes.includes('SCHILY'));
    },
  },
  {
    title: 'a thousand entries that cannot be unpacked are all named, while the archive is sent',
    needsNative,
    run: async ({ client, folder }) => {
      const entries = Array.from({ length: 1000 }, (_, index) => entry(`${'n'.repeat(80)}${index}`, { type: '6' }));
      const { said, skipped } = await unpack(client, folder, archive(...entries));
      assert.equal(said.length, 1000);
      assert.match(said[999] ?? '', /^n+999: a special file$/);
      assert.equal(skipped.length, 100);
    },
  },
  {
    title: 'reading a device without an end fails after 256 MiB, and /proc/kcore at once; a part of them can be read',
    needsNative,
    run: async ({ client }) => {
      const read = async (request: { path: string; length?: bigint }): Promise<number> => {
        let bytes = 0;
        try {
          for await (const chunk of client.link.readFile(request).chunks) bytes += chunk.length;
        } catch (error) {
          assert.equal((error as { reason?: string }).reason, 'FILE_ENDLESS', String(error));
          return -bytes;
        }
        return bytes;
      };
      const sent = -(await read({ path: '/dev/zero' }));
      assert.ok(sent > 200 * 1024 * 1024 && sent <= 256 * 1024 * 1024, `${sent}`);
      assert.equal(await read({ path: '/dev/zero', length: 1000n }), 1000);
      if ((await stat('/proc/kcore').catch(() => undefined)) !== undefined)
        assert.equal(Math.abs(await read({ path: '/proc/kcore' })), 0);
    },
  },
  {
    title: 'an uploaded file gets its time and holes, also one that is written in place',
    needsNative,
    run: async ({ client, folder }) => {
      const path = join(folder, 'file');
      const content = Buffer.alloc(5_000_001);
      content.write('data', 1_000_000);
      content.write('data', 4_500_000);
      const modifiedUnixNs = 1_234_567_890_123_456_789n;
      await write(client, { path, modifiedUnixNs, sparse: true, sizeBytes: 5_000_001n, uploadId: 'one' }, content);
      assert.ok((await readFile(path)).equals(content));
      const { mtimeNs, blocks } = await stat(path, { bigint: true });
      assert.equal(mtimeNs, modifiedUnixNs);
      assert.ok(blocks * 512n < 100_000n, `${blocks}`);
      await write(client, { path, modifiedUnixNs: 1n, sparse: true, sha256: true }, Buffer.alloc(100_000));
      assert.deepEqual([(await stat(path, { bigint: true })).mtimeNs, (await readFile(path)).length], [1n, 100_000]);
      await write(client, { path, sparse: false }, Buffer.alloc(100_000));
      assert.ok((await stat(path)).blocks * 512 >= 100_000);
      await write(client, { path: '/dev/null', modifiedUnixNs: 1n, sparse: true }, Buffer.alloc(100_000));
      assert.ok((await lstat('/dev/null')).isCharacterDevice());
    },
  },
];

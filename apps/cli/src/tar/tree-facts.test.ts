import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AttributeReader, writeAttributes } from './attributes.ts';
import { end, entry, packAll, testFolders, unpackAll } from './testing/trees.ts';
import type { UnpackOptions } from './unpack-tree.ts';

const newFolder = testFolders();

async function pack(path: string, withAttributes = false): Promise<Buffer> {
  const { archive, skipped } = await packAll(path, { name: 'x', withAttributes });
  assert.deepEqual(skipped, []);
  return archive;
}

const unpack = (archive: Uint8Array, folder: string, options: Partial<UnpackOptions> = {}): string[] =>
  unpackAll(archive, folder, 'x', options);

function archiveOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([entry('x', 'directory'), ...entries, end]);
}

const sameMicrosecond = (got: bigint, wanted: bigint): boolean => got - wanted < 1000n && wanted - got < 1000n;

describe('what a copy of a tree keeps on this machine', () => {
  it('keeps times of files, folders and links with their fractions, and the sticky bit of a folder', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(join(source, 'in'), { recursive: true });
    await writeFile(join(source, 'in', 'file'), 'x');
    await symlink('in/file', join(source, 'link'));
    await chmod(join(source, 'in'), 0o1777);
    const names = ['in/file', 'link', 'in', '.'];
    const time = '2021-02-03 04:05:06.123456789';
    for (const name of names) execFileSync('touch', ['-h', '-d', time, join(source, name)]);
    const target = await newFolder();
    assert.deepEqual(unpack(await pack(source), target), []);
    for (const name of names) {
      const [from, to] = await Promise.all(
        [source, join(target, 'x')].map((folder) => lstat(join(folder, name), { bigint: true })),
      );
      assert.ok(from !== undefined && to !== undefined);
      assert.equal(from.mtimeNs % 1_000_000_000n, 123_456_789n);
      assert.ok(sameMicrosecond(to.mtimeNs, from.mtimeNs), `${name}: ${to.mtimeNs}`);
    }
    assert.equal((await stat(join(target, 'x', 'in'))).mode & 0o7777, 0o1777);
  });

  it('hard links in a tree stay hard links, also for tar(1)', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(join(source, 'in'), { recursive: true });
    await writeFile(join(source, 'a'), 'text');
    for (const name of ['b', 'in/c']) await link(join(source, 'a'), join(source, name));
    const archive = await pack(source);
    const [byInn, byTar] = [await newFolder(), await newFolder()];
    assert.deepEqual(unpack(archive, byInn), []);
    assert.deepEqual(unpack(archive, byInn), [], 'a second time');
    execFileSync('tar', ['-C', byTar, '-xf', '-'], { input: archive });
    for (const folder of [byInn, byTar]) {
      assert.equal((await stat(join(folder, 'x', 'in', 'c'))).nlink, 3);
      assert.equal(await readFile(join(folder, 'x', 'b'), 'utf8'), 'text');
      assert.deepEqual((await readdir(join(folder, 'x'))).sort(), ['a', 'b', 'in']);
    }
  });

  it('holes of sparse files stay holes, also for tar(1)', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(source);
    const file = await open(join(source, 'sparse'), 'w');
    for (const at of [0, 5_000_000, 9_000_000]) await file.write(`at ${at}`, at);
    await file.close();
    for (const name of ['sparse', 'hole']) await truncate(join(source, name), 20_000_000).catch(() => undefined);
    await writeFile(join(source, 'hole'), '');
    await truncate(join(source, 'hole'), 20_000_000);
    const archive = await pack(source);
    assert.ok(archive.length < 100_000, `${archive.length}`);
    const [byInn, byTar] = [await newFolder(), await newFolder()];
    assert.deepEqual(unpack(archive, byInn), []);
    execFileSync('tar', ['-C', byTar, '-xf', '-'], { input: archive });
    for (const folder of [byInn, byTar])
      for (const name of ['sparse', 'hole']) {
        const copy = join(folder, 'x', name);
        execFileSync('cmp', [copy, join(source, name)]);
        assert.ok((await stat(copy)).blocks * 512 < 100_000, `${copy}`);
      }
  });

  it('with owners, extended attributes are kept as tar(1) writes them, and only those of programs', async (t) => {
    const source = join(await newFolder(), 'tree');
    await mkdir(source);
    await writeFile(join(source, 'file'), 'x');
    const refused: string[] = [];
    for (const name of ['file', '.']) {
      const fd = openSync(join(source, name), 'r');
      writeAttributes(fd, new Map([['user.note', Buffer.from([0, 10, 255])]]), (why) => refused.push(why));
      closeSync(fd);
    }
    if (refused.length > 0) return t.skip(`this file system has no attributes: ${refused}`);
    const archive = await pack(source, true);
    const record = Buffer.concat([Buffer.from(' SCHILY.xattr.user.note='), Buffer.from([0, 10, 255, 10])]);
    assert.ok(archive.includes(record));
    const gnu = execFileSync('tar', ['-C', source, '--xattrs', '--format=pax', '-cf', '-', 'file']);
    assert.ok(gnu.includes(record));
    const target = await newFolder();
    assert.deepEqual(unpack(archive, target, { keepOwners: true }), []);
    const evil = new Map([['trusted.overlay.opaque', Buffer.from('y')]]);
    const more = { attributes: new Map([...evil, ['user.note', Buffer.from('n')]]) };
    assert.deepEqual(unpack(archiveOf(entry('x/other', 'file', 'y', more)), target, { keepOwners: true }), []);
    const reader = new AttributeReader(assert.fail);
    t.after(() => reader.close());
    const read = async (name: string): Promise<string> =>
      [...(await reader.read(join(target, 'x', name)))]
        .map(([key, value]) => `${key}=${Buffer.from(value).toString('hex')}`)
        .join();
    assert.deepEqual([await read('file'), await read('other')], ['user.note=000aff', 'user.note=6e']);
    assert.ok(!(await pack(source)).includes('SCHILY'));
  });
});

describe('what a copy of a tree does with what exists', () => {
  it('follows a link to a file in the tree, and writes in place what has several names', async () => {
    const target = await newFolder();
    const tree = join(target, 'x');
    await mkdir(join(tree, 'd'), { recursive: true });
    await writeFile(join(tree, 'd', 'real'), 'old and long', { mode: 0o600 });
    await symlink('d/real', join(tree, 'link'));
    await writeFile(join(target, 'mine'), 'old and long', { mode: 0o640 });
    await link(join(target, 'mine'), join(tree, 'hard'));
    assert.deepEqual(unpack(archiveOf(entry('x/hard', 'file', 'new'), entry('x/link', 'file', 'new')), target), []);
    assert.equal((await lstat(join(tree, 'link'))).isSymbolicLink(), true);
    assert.equal(await readFile(join(tree, 'd', 'real'), 'utf8'), 'new');
    assert.equal((await stat(join(tree, 'd', 'real'))).mode & 0o777, 0o600, 'a replaced file keeps its mode');
    assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'new');
    assert.deepEqual((await readdir(tree)).sort(), ['d', 'hard', 'link']);
  });

  it('a link at the name that the user chose is followed, wherever it leads', async () => {
    const target = await newFolder();
    await writeFile(join(target, 'mine'), 'mine');
    await mkdir(join(target, 'in'));
    await symlink('../mine', join(target, 'in', 'x'));
    const archive = Buffer.concat([entry('x', 'file', 'new'), end]);
    assert.deepEqual(unpack(archive, join(target, 'in')), []);
    assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'new');
    assert.ok((await lstat(join(target, 'in', 'x'))).isSymbolicLink());
  });

  it('two files of an archive that were one file here become two', async () => {
    const target = await newFolder();
    const tree = join(target, 'x');
    await mkdir(tree);
    await writeFile(join(tree, 'a'), 'one');
    await link(join(tree, 'a'), join(tree, 'b'));
    assert.deepEqual(unpack(archiveOf(entry('x/a', 'file', 'first'), entry('x/b', 'file', 'second')), target), []);
    assert.equal(await readFile(join(tree, 'a'), 'utf8'), 'first');
    assert.equal(await readFile(join(tree, 'b'), 'utf8'), 'second');
  });

  it('leaves links that lead out, devices and FIFOs alone, unless it is told to write through them', async () => {
    const target = await newFolder();
    const tree = join(target, 'x');
    await mkdir(tree);
    await writeFile(join(target, 'mine'), 'mine');
    await symlink('../mine', join(tree, 'out'));
    execFileSync('mkfifo', [join(tree, 'fifo')]);
    const archive = archiveOf(entry('x/fifo', 'file', 'new'), entry('x/out', 'file', 'new'), entry('x/z', 'file', ''));
    const skipped = unpack(archive, target);
    assert.match(
      skipped.join('\n'),
      /fifo is a device, FIFO or socket: .*\n.*out is a link that leads out .*write-through/,
    );
    assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'mine');
    assert.deepEqual((await readdir(tree)).sort(), ['fifo', 'out', 'z']);
    // A FIFO that nobody reads is not waited for.
    assert.match(unpack(archive, target, { writeThrough: true }).join('\n'), /fifo: could not be created: ENXIO$/);
    assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'new');
    assert.ok((await lstat(join(tree, 'out'))).isSymbolicLink() && (await lstat(join(tree, 'fifo'))).isFIFO());
  });

  it('a guest never writes through a link that an earlier copy of it has brought', async () => {
    const target = await newFolder();
    await writeFile(join(target, 'mine'), 'mine');
    assert.deepEqual(unpack(archiveOf(entry('x/l', 'symlink', '../mine')), target), []);
    assert.equal(unpack(archiveOf(entry('x/l', 'file', 'theirs')), target).length, 1);
    assert.equal(unpack(archiveOf(entry('x/l', 'directory'), entry('x/l/f', 'file', 'theirs')), target).length, 1);
    assert.equal(await readFile(join(target, 'mine'), 'utf8'), 'mine');
    assert.equal(await realpath(join(target, 'x', 'l')), await realpath(join(target, 'mine')));
  });

  it('an existing folder keeps its mode, and a trailing slash copies the folder that a link points to', async () => {
    const target = await newFolder();
    await mkdir(join(target, 'x'), { mode: 0o700 });
    assert.deepEqual(unpack(archiveOf(entry('x/f', 'file', '')), target), []);
    assert.equal((await stat(join(target, 'x'))).mode & 0o777, 0o700);
    await symlink('x', join(target, 'link'));
    const listed = execFileSync('tar', ['-tf', '-'], { input: await pack(join(target, 'link/')) }).toString();
    assert.equal(listed, 'x/\nx/f\n');
  });
});

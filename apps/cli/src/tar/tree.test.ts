import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packTree } from './pack-tree.ts';
import { end, entry, packAll, testFolders, unpackAll } from './testing/trees.ts';
import { TreeTarget } from './unpack-tree.ts';

const newFolder = testFolders();

const pack = (path: string, name?: string): Promise<{ archive: Buffer; skipped: string[] }> => packAll(path, { name });

const unpack = (archive: Uint8Array, folder: string, sent: string, name = sent): string[] =>
  unpackAll(archive, folder, sent, { name });

function newTarget(folder: string, sent: string, name = sent): TreeTarget {
  return new TreeTarget({ folder, sent: [sent], name, keepOwners: false, onSkip: () => undefined });
}

describe('packTree and TreeTarget', () => {
  it('a tree that is packed and unpacked keeps its contents, modes, links and times', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(join(source, 'in'), { recursive: true });
    await writeFile(join(source, 'in', 'file'), 'x'.repeat(600_000));
    await writeFile(join(source, `${'long'.repeat(40)} ü`), 'y');
    await utimes(join(source, 'in', 'file'), 1_700_000_000, 1_700_000_000);
    await symlink('in/file', join(source, 'link'));
    await symlink('/nowhere', join(source, 'dangling'));
    await chmod(join(source, 'in'), 0o550);
    execFileSync('mkfifo', [join(source, 'pipe')]);
    const { archive, skipped } = await pack(source);
    assert.deepEqual(skipped, [`${join(source, 'pipe')}: is not a file, folder or link`]);
    const target = await newFolder();
    unpack(archive, target, 'tree', 'other');
    const there = join(target, 'other');
    assert.equal(await readFile(join(there, 'link'), 'utf8'), 'x'.repeat(600_000));
    assert.equal((await stat(join(there, 'in'))).mode & 0o777, 0o550);
    assert.equal((await stat(join(there, 'in', 'file'))).mtimeMs, 1_700_000_000_000);
    assert.equal((await lstat(join(there, 'dangling'))).isSymbolicLink(), true);
    await rm(join(there, 'in', 'file'));
    assert.deepEqual((await readdir(there)).sort(), ['dangling', 'in', 'link', `${'long'.repeat(40)} ü`]);
  });

  it('packs archives that tar(1) reads, and unpacks the archives of tar(1) in all its formats', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(source);
    await writeFile(join(source, 'a'), 'text');
    await writeFile(join(source, 'b'), 'more');
    const listed = execFileSync('tar', ['-tf', '-'], { input: (await pack(source)).archive }).toString();
    assert.equal(listed, 'tree/\ntree/a\ntree/b\n');
    for (const format of ['gnu', 'pax', 'ustar', 'v7', 'oldgnu']) {
      const target = await newFolder();
      const above = join(source, '..');
      unpack(execFileSync('tar', ['-C', above, `--format=${format}`, '-cf', '-', 'tree']), target, 'tree');
      assert.equal(await readFile(join(target, 'tree', 'b'), 'utf8'), 'more', format);
    }
  });

  it('unpacks into the folder that it opened, also when that is moved and replaced by a link', async () => {
    const target = await newFolder();
    const outside = await newFolder();
    const tree = newTarget(target, 'x');
    tree.push(Buffer.concat([entry('x', 'directory'), entry('x/d', 'directory')]));
    await rename(join(target, 'x', 'd'), join(target, 'moved'));
    await symlink(outside, join(target, 'x', 'd'));
    tree.push(
      Buffer.concat([entry('x/d/evil', 'file'), entry('x/d/l', 'symlink', '/etc'), entry('x/d/e', 'directory')]),
    );
    tree.push(Buffer.concat([entry('x/d/e/evil', 'file'), end]));
    tree.end();
    tree.close();
    assert.deepEqual(await readdir(outside), []);
    assert.deepEqual((await readdir(join(target, 'moved'))).sort(), ['e', 'evil', 'l']);
    assert.equal((await stat(outside)).mode & 0o777, 0o755);
  });

  it('replaces no link that leads out of the target, and no folder; a refused entry leaves the others', async () => {
    const outside = await newFolder();
    await writeFile(join(outside, 'mine'), 'mine');
    const target = await newFolder();
    await mkdir(join(target, 'x', 'folder'), { recursive: true });
    await symlink(join(outside, 'mine'), join(target, 'x', 'file'));
    await symlink('/nowhere/at/all', join(target, 'x', 'dangling'));
    await symlink(outside, join(target, 'x', 'link'));
    const top = entry('x', 'directory');
    for (const name of ['x/file', 'x/dangling'])
      assert.match(
        unpack(Buffer.concat([top, entry(name, 'file'), end]), target, 'x').join(),
        /is a link that leads out of the folder or nowhere: it is neither followed nor replaced/,
      );
    assert.equal((await lstat(join(target, 'x', 'file'))).isSymbolicLink(), true);
    const refused: readonly Uint8Array[] = [
      entry('x/link', 'directory'),
      entry('x/folder', 'file'),
      entry('x/folder', 'symlink', outside),
    ];
    for (const each of refused)
      assert.match(unpack(Buffer.concat([top, each, end]), target, 'x').join(), /exists already with another type/);
    const inLink = [entry('x/link', 'directory'), entry('x/link/d', 'directory'), entry('x/link/d/evil', 'file')];
    assert.equal(unpack(Buffer.concat([top, ...inLink, entry('x/after', 'file'), end]), target, 'x').length, 1);
    assert.equal((await lstat(join(target, 'x', 'after'))).isFile(), true);
    await rm(join(target, 'x', 'after'));
    await writeFile(join(target, 'y'), '');
    assert.throws(() => unpack(Buffer.concat([top, end]), target, 'x', 'y'), { name: 'CliError', exitCode: 5 });
    assert.equal(await readFile(join(outside, 'mine'), 'utf8'), 'mine');
    assert.deepEqual(await readdir(outside), ['mine']);
    assert.deepEqual((await readdir(join(target, 'x'))).sort(), ['dangling', 'file', 'folder', 'link']);
  });

  it('reports what was received before an archive was refused, and closes all descriptors', async () => {
    const target = await newFolder();
    const before = (await readdir('/proc/self/fd')).length;
    const tree = newTarget(target, 'x', 'y');
    assert.equal(tree.received, undefined);
    tree.push(Buffer.concat([entry('x', 'directory'), entry('x/a', 'file')]));
    assert.throws(() => tree.push(entry('.bashrc', 'file')), { name: 'UnsafeTarError' });
    assert.equal(tree.received, `2 files and folders in ${join(target, 'y')}`);
    tree.close();
    assert.equal((await readdir('/proc/self/fd')).length, before);
  });

  it('what cannot be read is left out of an archive by name, and everything else is in it', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(source);
    await writeFile(join(source, 'after'), 'text');
    await symlink('/nowhere', join(source, 'link'));
    const missing: string[] = [];
    // Reading /proc/self/mem at offset 0 is EIO, also for root, which may read any other file.
    const paths = [join(source, 'none'), source, '/proc/self/mem'];
    const pieces: Uint8Array[] = [];
    for await (const piece of packTree(paths, { onSkip: (what) => missing.push(what) })) pieces.push(piece);
    const names = execFileSync('tar', ['-tf', '-'], { input: Buffer.concat(pieces) }).toString();
    assert.deepEqual(names.trim().split('\n'), ['tree/', 'tree/after', 'tree/link']);
    assert.deepEqual(missing, [
      `${join(source, 'none')}: could not be read: ENOENT`,
      '/proc/self/mem: could not be read: EIO',
    ]);
    await assert.rejects(pack(join(source, 'none')), { code: 'ENOENT' });
  });

  it('a file whose size is only known at its end is packed whole, and one without an end is left out', async () => {
    const { archive } = await pack('/proc/self/status', 's');
    const content = execFileSync('tar', ['-xOf', '-'], { input: archive }).toString();
    assert.match(content, /^Name:[\s\S]*VmRSS[\s\S]*\n$/);
    // 5 MB of symbols, with size 0.
    assert.deepEqual((await pack('/proc/kallsyms')).skipped, [
      '/proc/kallsyms: has no true size, and more than 1048576 bytes',
    ]);
  });

  it('leaves no partial file when the archive is cut off', async () => {
    const source = join(await newFolder(), 'file');
    await writeFile(source, 'x'.repeat(5000));
    const { archive } = await pack(source);
    for (const length of [0, 100, 512, 3000, archive.length - 1024]) {
      const target = await newFolder();
      assert.throws(() => unpack(archive.subarray(0, length), target, 'file'), { name: 'MalformedTarError' });
      for (const name of await readdir(target)) assert.equal((await stat(join(target, name))).size, 5000);
    }
  });
});

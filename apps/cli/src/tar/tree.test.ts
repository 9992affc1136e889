import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tarHeader } from '@innkeeper/kit';
import { packTree } from './pack-tree.ts';
import { TreeTarget } from './unpack-tree.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'inn-tree-'));
});
after(() => rm(root, { recursive: true, force: true }));

let folders = 0;
async function newFolder(): Promise<string> {
  const folder = join(root, `f${++folders}`);
  await mkdir(folder);
  return folder;
}

async function pack(path: string, name?: string): Promise<{ archive: Buffer; skipped: string[] }> {
  const skipped: string[] = [];
  const pieces: Uint8Array[] = [];
  for await (const piece of packTree([path], { name, onSkip: (what) => skipped.push(what) })) pieces.push(piece);
  return { archive: Buffer.concat(pieces), skipped };
}

function unpack(archive: Uint8Array, folder: string, name?: string): string[] {
  const skipped: string[] = [];
  const tree = new TreeTarget({ folder, name, keepOwners: false, onSkip: (what) => skipped.push(what) });
  try {
    for (let at = 0; at < archive.length; at += 700) tree.push(archive.subarray(at, at + 700));
    tree.end();
  } finally {
    tree.abandon();
  }
  return skipped;
}

const facts = { linkTarget: '', sizeBytes: 0, user: '', group: '' };
const plain = { mode: 0o644, uid: 0, gid: 0, modifiedNs: 0n };
const end = Buffer.alloc(1024);

function entry(path: string, type: 'file' | 'directory' | 'symlink', linkTarget = ''): Uint8Array {
  return tarHeader({ ...facts, path, type, linkTarget, stat: plain });
}

describe('a tree of files here', () => {
  it('comes back as it was: contents, modes, links, times', async () => {
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
    assert.deepEqual(skipped, [`${join(source, 'pipe')}: is no file, folder or link`]);
    const target = await newFolder();
    assert.deepEqual(unpack(archive, target, 'other'), []);
    const there = join(target, 'other');
    assert.equal(await readFile(join(there, 'link'), 'utf8'), 'x'.repeat(600_000));
    assert.equal((await stat(join(there, 'in'))).mode & 0o777, 0o550);
    assert.equal((await stat(join(there, 'in', 'file'))).mtimeMs, 1_700_000_000_000);
    assert.equal((await lstat(join(there, 'dangling'))).isSymbolicLink(), true);
    await rm(join(there, 'in', 'file'));
    assert.deepEqual((await readdir(there)).sort(), ['dangling', 'in', 'link', `${'long'.repeat(40)} ü`]);
  });

  it('is read by tar(1), and its archives are read', async () => {
    const source = join(await newFolder(), 'tree');
    await mkdir(source);
    await writeFile(join(source, 'a'), 'text');
    await link(join(source, 'a'), join(source, 'b'));
    const listed = execFileSync('tar', ['-tf', '-'], { input: (await pack(source)).archive }).toString();
    assert.equal(listed, 'tree/\ntree/a\ntree/b\n');
    const target = await newFolder();
    unpack(execFileSync('tar', ['-C', source, '-cf', '-', '.']), target);
    assert.equal(await readFile(join(target, 'b'), 'utf8'), 'text');
  });

  it('is never written outside of its folder, whatever a guest sends', async () => {
    const outside = await newFolder();
    await writeFile(join(outside, 'mine'), 'mine');
    const hostile: readonly (readonly Uint8Array[])[] = [
      [entry('../evil', 'file')],
      [entry('a/../../evil', 'file')],
      [entry('out', 'symlink', outside), entry('out/evil', 'file')],
      [entry('out', 'symlink', '..'), entry('out/x/evil', 'directory')],
      [entry('d', 'directory'), entry('d', 'symlink', outside)],
    ];
    for (const entries of hostile) {
      const target = await newFolder();
      assert.throws(() => unpack(Buffer.concat([...entries, end]), target), { name: 'CliError' });
    }
    const target = await newFolder();
    unpack(Buffer.concat([entry('f', 'symlink', join(outside, 'mine')), entry('f', 'file'), end]), target);
    unpack(Buffer.concat([entry(join(outside, 'evil'), 'file'), end]), target);
    assert.equal(await readFile(join(outside, 'mine'), 'utf8'), 'mine');
    assert.deepEqual(await readdir(outside), ['mine']);
    assert.equal((await lstat(join(target, 'f'))).isFile(), true);
  });

  it('has no half file in it when the archive was cut', async () => {
    const source = join(await newFolder(), 'file');
    await writeFile(source, 'x'.repeat(5000));
    const { archive } = await pack(source);
    for (const length of [0, 100, 512, 3000, archive.length - 1024]) {
      const target = await newFolder();
      assert.throws(() => unpack(archive.subarray(0, length), target), { name: 'MalformedTarError' });
      for (const name of await readdir(target)) assert.equal((await stat(join(target, name))).size, 5000);
    }
  });
});

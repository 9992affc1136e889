import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type TarEntry, tarHeader } from '@innkeeper/tar';
import { packTree } from '../pack-tree.ts';
import { TreeTarget, type UnpackOptions } from '../unpack-tree.ts';

/** Makes empty folders for the tests of one file, and removes them afterwards. */
export function testFolders(): () => Promise<string> {
  let root = '';
  let count = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'inn-tree-'));
  });
  after(() => rm(root, { recursive: true, force: true }));
  return async () => {
    const folder = join(root, `f${++count}`);
    await mkdir(folder);
    return folder;
  };
}

/** Packs a tree, and says what was left out. */
export async function packAll(
  path: string,
  options: { readonly name?: string | undefined; readonly withAttributes?: boolean } = {},
): Promise<{ archive: Buffer; skipped: string[] }> {
  const skipped: string[] = [];
  const pieces: Uint8Array[] = [];
  for await (const piece of packTree([path], { ...options, onSkip: (what) => skipped.push(what) })) pieces.push(piece);
  return { archive: Buffer.concat(pieces), skipped };
}

/** Unpacks an archive in small pieces below `sent`, or another name, and returns what was left out. */
export function unpackAll(
  archive: Uint8Array,
  folder: string,
  sent: string,
  options: Partial<UnpackOptions> = {},
): string[] {
  const skipped: string[] = [];
  const onSkip = (what: string): number => skipped.push(what);
  const tree = new TreeTarget({ folder, sent: [sent], name: sent, keepOwners: false, onSkip, ...options });
  try {
    for (let at = 0; at < archive.length; at += 700) tree.push(archive.subarray(at, at + 700));
    tree.end();
  } finally {
    tree.close();
  }
  return skipped;
}

/** The end of an archive. */
export const end = Buffer.alloc(1024);

/** An entry with its content, or with the target of a link. */
export function entry(
  path: string,
  type: 'file' | 'directory' | 'symlink' | 'hardlink',
  content = '',
  more: Partial<TarEntry> = {},
): Buffer {
  const isFile = type === 'file';
  const sizeBytes = isFile ? content.length : 0;
  const linkTarget = isFile ? '' : content;
  const stat = { mode: 0o644, uid: 0, gid: 0, modifiedNs: 0n };
  const header = tarHeader({ path, type, linkTarget, sizeBytes, user: '', group: '', stat, ...more });
  const padding = Buffer.alloc((512 - (sizeBytes % 512)) % 512);
  return Buffer.concat(isFile ? [header, Buffer.from(content), padding] : [header]);
}

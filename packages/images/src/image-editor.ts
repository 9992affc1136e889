import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { kib, mib } from '@innkeeper/kit';
import type { DebugfsSession } from './debugfs-session.ts';
import { type ImageNode, ImageTree, isPlainName } from './image-tree.ts';
import type { PlannedEntry } from './install-plan.ts';

/** A file of the guest that is to be changed may be this long. */
const maxEditedBytes = 64 * kib;
/** An init or a shell that is looked at. */
const maxProgramBytes = 32 * mib;

/** An entry as it must be in the image afterwards. */
export type WrittenEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Writes planned entries into a file system, and reads them back. `workDirectory` is a private folder of the host. */
export class ImageEditor {
  readonly tree: ImageTree;
  readonly #session: DebugfsSession;
  readonly #workDirectory: string;
  #count = 0;

  constructor(session: DebugfsSession, workDirectory: string) {
    this.tree = new ImageTree(session);
    this.#session = session;
    this.#workDirectory = workDirectory;
  }

  /**
   * What a planned entry means for this image. Rejects with IMAGE_UNSAFE_PATH when it would go through a link that is
   * not a distribution's, or over a directory or device; nothing is written.
   */
  async settle(entry: PlannedEntry): Promise<WrittenEntry> {
    const existing = await this.tree.node(entry.path, 'follow standard');
    if (existing !== undefined && existing.type !== 'regular' && existing.type !== 'symlink') {
      throw unsafe(`${entry.path} is neither a file nor a link`);
    }
    if (entry.kind === 'link') return entry;
    if (entry.kind === 'file') return { ...entry, uid: 0, gid: 0 };
    if (existing?.type !== 'regular') throw unsafe(`${entry.path} is no file`);
    const { mode, uid, gid } = existing;
    const text = (await this.#read(existing, maxEditedBytes, entry.path)).toString('latin1');
    return { kind: 'file', path: entry.path, mode, uid, gid, content: Buffer.from(entry.edit(text), 'latin1') };
  }

  /** The first 64 bytes of a file, all links followed; empty when there is none, or one that is larger than any program. */
  async readHead(path: string): Promise<Uint8Array> {
    const node = await this.tree.target(path);
    if (node?.type !== 'regular' || node.sizeBytes > maxProgramBytes) return new Uint8Array(0);
    return (await this.#read(node, maxProgramBytes, path)).subarray(0, 64);
  }

  /** Writes an entry. Whatever has its name is removed as an entry of its folder, never followed. */
  async write(entry: WrittenEntry): Promise<void> {
    const at = entry.path.lastIndexOf('/');
    const name = entry.path.slice(at + 1);
    const directory = await this.#ensureDirectory(entry.path.slice(0, at));
    if ((await this.tree.entry(directory, name)) !== undefined) {
      await this.#session.expectSilence(`rm ${name}`, `${entry.path} cannot be replaced`);
    }
    if (entry.kind === 'link') {
      await this.#session.expectSilence(`symlink ${name} ${entry.target}`, `${entry.path} cannot be linked`);
    } else {
      await this.#writeFile(entry, name);
    }
  }

  /** Whether an entry is in the image as it was written; resolves to what is wrong, or undefined. */
  async whatIsWrong(entry: WrittenEntry): Promise<string | undefined> {
    const node = await this.tree.node(entry.path, 'follow standard');
    if (node === undefined) return `${entry.path} is not there`;
    if (entry.kind === 'link') {
      return node.type === 'symlink' && node.linkTarget === entry.target ? undefined : `${entry.path} leads elsewhere`;
    }
    if (node.type !== 'regular') return `${entry.path} is no file`;
    if (node.mode !== entry.mode) return `${entry.path} has mode ${node.mode.toString(8)}`;
    if (node.uid !== entry.uid || node.gid !== entry.gid) return `${entry.path} belongs to ${node.uid}:${node.gid}`;
    if (node.sizeBytes !== entry.content.length) return `${entry.path} has ${node.sizeBytes} bytes`;
    const content = await this.#read(node, entry.content.length, entry.path);
    return sha256(content) === sha256(entry.content) ? undefined : `${entry.path} has other bytes`;
  }

  async #writeFile(entry: WrittenEntry & { kind: 'file' }, name: string): Promise<void> {
    const source = this.#nextWorkFile();
    await writeFile(source, entry.content, { mode: 0o600, flag: 'wx' });
    try {
      const answer = await this.#session.ask(`write ${quote(source)} ${name}`);
      const inode = /^Allocated inode: (\d+)\s*$/.exec(answer)?.[1];
      if (inode === undefined) throw writeFailed(entry.path, answer);
      const mode = (0o100000 | entry.mode).toString(8);
      for (const [field, value] of [
        ['mode', `0${mode}`],
        ['uid', entry.uid],
        ['gid', entry.gid],
      ]) {
        await this.#session.expectSilence(`sif <${inode}> ${field} ${value}`, `${entry.path} gets no ${field}`);
      }
    } finally {
      await rm(source);
    }
  }

  async #ensureDirectory(path: string): Promise<number> {
    const existing = await this.tree.directory(path === '' ? '/' : path, 'follow standard');
    if (existing !== undefined) return existing;
    const at = path.lastIndexOf('/');
    const name = path.slice(at + 1);
    const parent = await this.#ensureDirectory(path.slice(0, at));
    // A link that leads nowhere.
    if ((await this.tree.entry(parent, name)) !== undefined) throw unsafe(`${path} is no directory`);
    const answer = await this.#session.ask(`mkdir ${name}`);
    const made = await this.tree.entry(parent, name);
    if (made?.type !== 'directory') throw writeFailed(path, answer);
    await this.#session.expectSilence(`sif <${made.inode}> mode 040755`, `${path} gets no mode`);
    return made.inode;
  }

  async #read(node: ImageNode, maxBytes: number, path: string): Promise<Buffer> {
    if (node.sizeBytes > maxBytes) throw unsafe(`${path} has more than ${maxBytes} bytes`);
    const copy = this.#nextWorkFile();
    try {
      await this.#session.expectSilence(`dump <${node.inode}> ${quote(copy)}`, `${path} cannot be read`);
      return await readFile(copy);
    } finally {
      await rm(copy, { force: true });
    }
  }

  #nextWorkFile(): string {
    return join(this.#workDirectory, `${++this.#count}`);
  }
}

/** As debugfs reads a word with odd characters: in double quotes, and a quote is written twice. */
function quote(path: string): string {
  if (isPlainName(path)) return path;
  return `"${path.replaceAll('"', '""')}"`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unsafe(what: string): OperationError {
  return new OperationError('IMAGE_UNSAFE_PATH', `The agent was not put in, because in the image ${what}.`);
}

function writeFailed(path: string, answer: string): OperationError {
  if (/no space|could not allocate|no free/i.test(answer)) {
    return new OperationError('IMAGE_FULL', `There is no room for ${path} in the image’s file system.`);
  }
  return new OperationError('IMAGE_CORRUPT', `${path} cannot be written: ${answer.trim().slice(0, 200)}.`);
}

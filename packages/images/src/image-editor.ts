import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { kib, mib } from '@innkeeper/kit';
import type { DebugfsSession } from './debugfs-session.ts';
import { type ImageNode, ImageTree, isPlainName } from './image-tree.ts';
import type { PlannedEntry } from './install-plan.ts';

/** Maximum size of a guest's file that is changed. */
const maxEditedBytes = 64 * kib;
/** Maximum size of an init or shell whose beginning is read. */
const maxProgramBytes = 32 * mib;

/** An entry as it must be in the image after the edit. */
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

/** Writes planned entries to a file system and verifies them. `workDirectory` is a private folder of the host. */
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
   * Resolves a planned entry for this image, without writing. Rejects with IMAGE_UNSAFE_PATH when its path has a link
   * that is not one of the distributions', or when it would replace a directory or device.
   */
  async settle(entry: PlannedEntry): Promise<WrittenEntry> {
    const existing = await this.tree.node(entry.path, 'follow standard');
    if (existing !== undefined && existing.type !== 'regular' && existing.type !== 'symlink') {
      throw unsafe(`${entry.path} is not a file or link`);
    }
    if (entry.kind === 'link') return entry;
    if (entry.kind === 'file') return { ...entry, uid: 0, gid: 0 };
    if (existing?.type !== 'regular') throw unsafe(`${entry.path} is not a file`);
    const { mode, uid, gid } = existing;
    const text = (await this.#read(existing, maxEditedBytes, entry.path)).toString('latin1');
    return { kind: 'file', path: entry.path, mode, uid, gid, content: Buffer.from(entry.edit(text), 'latin1') };
  }

  /** The first 64 bytes of a file, following all links; empty when it is missing or larger than any program. */
  async readHead(path: string): Promise<Uint8Array> {
    const node = await this.tree.target(path);
    if (node?.type !== 'regular' || node.sizeBytes > maxProgramBytes) return new Uint8Array(0);
    return (await this.#read(node, maxProgramBytes, path)).subarray(0, 64);
  }

  /** Writes an entry. An existing entry with its name is unlinked, never followed. */
  async write(entry: WrittenEntry): Promise<void> {
    const at = entry.path.lastIndexOf('/');
    const name = entry.path.slice(at + 1);
    const directory = await this.#ensureDirectory(entry.path.slice(0, at));
    if ((await this.tree.entry(directory, name)) !== undefined) {
      await this.#session.expectSilence(`rm ${name}`, `${entry.path} could not be replaced`);
    }
    if (entry.kind === 'link') {
      await this.#session.expectSilence(`symlink ${name} ${entry.target}`, `${entry.path} could not be linked`);
    } else {
      await this.#writeFile(entry, name);
    }
  }

  /** Verifies a written entry. Resolves to the first difference, undefined if there is none. */
  async whatIsWrong(entry: WrittenEntry): Promise<string | undefined> {
    const node = await this.tree.node(entry.path, 'follow standard');
    if (node === undefined) return `${entry.path} is missing`;
    if (entry.kind === 'link') {
      return node.type === 'symlink' && node.linkTarget === entry.target
        ? undefined
        : `${entry.path} has another target`;
    }
    if (node.type !== 'regular') return `${entry.path} is not a file`;
    if (node.mode !== entry.mode) return `${entry.path} has mode ${node.mode.toString(8)}`;
    if (node.uid !== entry.uid || node.gid !== entry.gid) return `${entry.path} belongs to ${node.uid}:${node.gid}`;
    if (node.sizeBytes !== entry.content.length) return `${entry.path} has ${node.sizeBytes} bytes`;
    const content = await this.#read(node, entry.content.length, entry.path);
    return sha256(content) === sha256(entry.content) ? undefined : `${entry.path} has different content`;
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
        await this.#session.expectSilence(
          `sif <${inode}> ${field} ${value}`,
          `${entry.path} could not be given its ${field}`,
        );
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
    // A dangling link.
    if ((await this.tree.entry(parent, name)) !== undefined) throw unsafe(`${path} is not a directory`);
    const answer = await this.#session.ask(`mkdir ${name}`);
    const made = await this.tree.entry(parent, name);
    if (made?.type !== 'directory') throw writeFailed(path, answer);
    await this.#session.expectSilence(`sif <${made.inode}> mode 040755`, `${path} could not be given its mode`);
    return made.inode;
  }

  async #read(node: ImageNode, maxBytes: number, path: string): Promise<Buffer> {
    if (node.sizeBytes > maxBytes) throw unsafe(`${path} has more than ${maxBytes} bytes`);
    const copy = this.#nextWorkFile();
    try {
      await this.#session.expectSilence(`dump <${node.inode}> ${quote(copy)}`, `${path} could not be read`);
      return await readFile(copy);
    } finally {
      await rm(copy, { force: true });
    }
  }

  #nextWorkFile(): string {
    return join(this.#workDirectory, `${++this.#count}`);
  }
}

/** Quotes a word for debugfs: in double quotes, with quotes doubled. */
function quote(path: string): string {
  if (isPlainName(path)) return path;
  return `"${path.replaceAll('"', '""')}"`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unsafe(what: string): OperationError {
  return new OperationError('IMAGE_UNSAFE_PATH', `The agent was not installed, because in the image ${what}.`);
}

function writeFailed(path: string, answer: string): OperationError {
  if (/no space|could not allocate|no free/i.test(answer)) {
    return new OperationError('IMAGE_FULL', `The image’s file system does not have enough space for ${path}.`);
  }
  return new OperationError('IMAGE_CORRUPT', `${path} could not be written: ${answer.trim().slice(0, 200)}.`);
}

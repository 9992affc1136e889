import { OperationError } from '@innkeeper/contract/errors';
import type { DebugfsSession } from './debugfs-session.ts';
import { isStandardLink } from './standard-links.ts';

export interface ImageNode {
  readonly inode: number;
  readonly type: 'regular' | 'directory' | 'symlink' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Target of a short symbolic link; undefined for 60 bytes and more, longer than any link of the distributions. */
  readonly linkTarget: string | undefined;
}

/** Which links within a path are followed, always inside the image. A link at the end of the path is not followed. */
export type LinkRule = 'follow any' | 'follow standard';

const rootInode = 2;
const maxLinks = 20;

/** Reads a file system through debugfs, name by name, so that paths are resolved only by this code. */
export class ImageTree {
  readonly #session: DebugfsSession;

  constructor(session: DebugfsSession) {
    this.#session = session;
  }

  /** The entry `name` of a directory, without following links; undefined when it does not exist. */
  async entry(directory: number, name: string): Promise<ImageNode | undefined> {
    assertPlainName(name);
    await this.enter(directory);
    const answer = await this.#session.ask(`stat ${name}`);
    if (/^\S+: File not found by ext2_lookup/.test(answer)) return undefined;
    return parseStat(answer, name);
  }

  /** Changes debugfs' working directory. */
  async enter(directory: number): Promise<void> {
    await this.#session.expectSilence(`cd <${directory}>`, 'a directory could not be entered');
  }

  /** The directory at an absolute path, following links by the rule, also at its end; undefined if missing. */
  async directory(path: string, rule: LinkRule): Promise<number | undefined> {
    const node = await this.#walk(path, rule, true);
    if (node === undefined) return undefined;
    if (node.type !== 'directory') throw unsafe(`${path} is not a directory`);
    return node.inode;
  }

  /** The entry at an absolute path, following all links; undefined when it is missing or a link is dangling. */
  async target(path: string): Promise<ImageNode | undefined> {
    return await this.#walk(path, 'follow any', true);
  }

  /** Like `target`, but returns the resolved path. */
  async finalPath(path: string): Promise<string | undefined> {
    const reached: string[] = [];
    const node = await this.#walk(path, 'follow any', true, reached);
    return node === undefined ? undefined : `/${reached.join('/')}`;
  }

  /** The entry at an absolute path, following links by the rule except at its end. */
  async node(path: string, rule: LinkRule): Promise<ImageNode | undefined> {
    return await this.#walk(path, rule, false);
  }

  async #walk(
    path: string,
    rule: LinkRule,
    followLast: boolean,
    reached: string[] = [],
  ): Promise<ImageNode | undefined> {
    const names = path.split('/').filter((name) => name !== '');
    const stack: ImageNode[] = [await this.#root()];
    let links = 0;
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === '.') continue;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        reached.pop();
        continue;
      }
      const parent = stack.at(-1);
      if (parent === undefined) return undefined;
      if (parent.type !== 'directory') {
        if (rule === 'follow any') return undefined;
        throw unsafe(`/${reached.join('/')} is not a directory`);
      }
      const node = await this.entry(parent.inode, name);
      if (node === undefined) return undefined;
      if (node.type !== 'symlink' || (names.length === 0 && !followLast)) {
        stack.push(node);
        reached.push(name);
        continue;
      }
      const here = `/${[...reached, name].join('/')}`;
      const target = node.linkTarget;
      if (rule === 'follow standard' && !(target !== undefined && isStandardLink(here, target))) {
        throw unsafe(`${here} is a symbolic link`);
      }
      links++;
      // A link that is too long, has unusual characters or is circular counts as dangling.
      if (target === undefined || links > maxLinks) return undefined;
      if (target.startsWith('/')) {
        stack.length = 1;
        reached.length = 0;
      }
      const parts = target.split('/').filter((part) => part !== '');
      if (!parts.every((part) => part === '.' || part === '..' || isPlainName(part))) return undefined;
      names.unshift(...parts);
    }
    return stack.at(-1);
  }

  async #root(): Promise<ImageNode> {
    return parseStat(await this.#session.ask(`stat <${rootInode}>`), '/');
  }
}

/** Letters, digits and some punctuation: safe in a debugfs command without quotes. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_.+@][A-Za-z0-9_.+@-]{0,254}$/.test(name) && name !== '.' && name !== '..';
}

function assertPlainName(name: string): void {
  if (!isPlainName(name)) throw new OperationError('INTERNAL', 'A name in an image is not plain.');
}

function unsafe(what: string): OperationError {
  return new OperationError('IMAGE_UNSAFE_PATH', `The agent was not installed, because in the image ${what}.`);
}

const types: Readonly<Record<string, ImageNode['type']>> = {
  regular: 'regular',
  directory: 'directory',
  symlink: 'symlink',
};

function parseStat(text: string, name: string): ImageNode {
  const head = /^Inode: (\d+) {3}Type: (.+?) +Mode: +(\d+) /.exec(text);
  const owner = /^User: +(\d+) +Group: +(\d+) +(?:Project: +\d+ +)?Size: (\d+)$/m.exec(text);
  if (head === null || owner === null) {
    throw new OperationError('IMAGE_CORRUPT', `The file system could not be read at "${name}": ${text.slice(0, 200)}`);
  }
  const target = /^Fast link dest: "(.*)"$/m.exec(text)?.[1];
  return {
    inode: Number(head[1]),
    type: types[head[2] ?? ''] ?? 'other',
    mode: Number.parseInt(head[3] ?? '0', 8) & 0o7777,
    uid: Number(owner[1]),
    gid: Number(owner[2]),
    sizeBytes: Number(owner[3]),
    linkTarget: target,
  };
}

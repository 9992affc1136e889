import type { FileStat, FileType } from '../host.ts';
import { HostError } from '../host-error.ts';

/** A node of the fake guest's file system. */
export interface FakeNode {
  type: FileType;
  mode: number;
  uid: number;
  gid: number;
  modifiedNs: bigint;
  readonly inode: number;
  /** Of a regular file: `data` up to `size`. */
  data: Uint8Array;
  size: number;
  /** Of a directory. */
  readonly children: Map<string, FakeNode>;
  /** Of a symbolic link. */
  readonly target: string;
  readonly attributes: Map<string, Uint8Array>;
  /** Its blocks of zeros are holes. */
  readonly hasHoles: boolean;
  /** Number of names. */
  links: number;
  /** Content generated at every open, with size 0 in stat, as in /proc. */
  readonly generate: (() => string | Uint8Array) | undefined;
}

const maxLinks = 40;

/** A file system in memory, as a tree of nodes: lookup with symbolic links, creation and removal. */
export class FakeTree {
  #lastInode = 1;
  readonly root = this.make({ type: 'directory', mode: 0o755 });

  make(facts: Partial<FakeNode> & { readonly type: FileType }): FakeNode {
    const data = facts.data ?? new Uint8Array(0);
    return {
      mode: 0o644,
      uid: 0,
      gid: 0,
      modifiedNs: 0n,
      inode: ++this.#lastInode,
      size: data.length,
      children: new Map(),
      target: '',
      attributes: new Map(),
      hasHoles: false,
      links: 1,
      generate: undefined,
      ...facts,
      data,
    };
  }

  /** The node at a path. @throws HostError ENOENT, ENOTDIR, ELOOP */
  find(call: string, path: string, options: { readonly follow: boolean; readonly noSymlinks?: boolean }): FakeNode {
    const { node } = this.locate(call, path, options);
    if (node === undefined) throw new HostError('ENOENT', call, path);
    return node;
  }

  /** The parent directory of a path, the name in it, and the node if it exists. */
  locate(
    call: string,
    path: string,
    { follow, noSymlinks = false }: { readonly follow: boolean; readonly noSymlinks?: boolean },
  ): { parent: FakeNode; name: string; node: FakeNode | undefined } {
    const parts = partsOf(path);
    let parent = this.root;
    let trail: FakeNode[] = [];
    for (let links = 0; ; ) {
      const name = parts.shift();
      if (name === undefined) return { parent: trail.at(-1) ?? parent, name: '', node: parent };
      if (name === '..') {
        parent = trail.pop() ?? this.root;
        continue;
      }
      if (parent.type !== 'directory') throw new HostError('ENOTDIR', call, path);
      const node = parent.children.get(name);
      const last = parts.length === 0;
      if (node?.type === 'symlink' && (noSymlinks || !last || follow)) {
        if (noSymlinks || ++links > maxLinks) throw new HostError('ELOOP', call, path);
        parts.unshift(...partsOf(node.target));
        if (node.target.startsWith('/')) [parent, trail] = [this.root, []];
        continue;
      }
      if (last) return { parent, name, node };
      if (node === undefined) throw new HostError('ENOENT', call, path);
      trail.push(parent);
      parent = node;
    }
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

export function statOf(node: FakeNode): FileStat {
  return {
    type: node.type,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    sizeBytes: node.size,
    allocatedBytes: node.hasHoles ? node.data.filter((byte) => byte !== 0).length : node.data.length,
    modifiedNs: node.modifiedNs,
    deviceId: 1,
    inode: node.inode,
    linkCount: node.links,
  };
}

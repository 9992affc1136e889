import { OperationError } from '@innkeeper/contract/errors';
import type { DirectoryHandle, FileStat, FolderWatcher, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { yieldToLoop } from '../yield-to-loop.ts';

/** Maximum folders that all calls together watch: each costs the agent about 300 bytes and the kernel about 1,000. */
const maxFolders = 4096;
/** Names whose creation is not reported a second time; beyond them it is. */
const maxFound = 4096;
/**
 * IN_*, inotify(7): modified, attributes, closed after writing, moved from, moved to, created, removed, and the folder's own
 * end; with IN_EXCL_UNLINK, so not what is written to files that have no name any more.
 */
const watchedEvents = 0x4000fce;

/** What is watched: a folder, or one name in it. */
export interface WatchTarget {
  readonly folder: string;
  /** Empty: the folder. */
  readonly name: string;
  /** As the caller gave it. */
  readonly path: string;
}

export interface WatchedFolder {
  /** undefined: the root. */
  parent: WatchedFolder | undefined;
  name: string;
  readonly watch: number;
  readonly children: Map<string, WatchedFolder>;
}

/** What all calls together watch. */
export interface WatchCount {
  folders: number;
}

export interface TreeOptions {
  readonly folder: string;
  /** Its path as the caller gave it, which can lead through links. */
  readonly path: string;
  readonly noSymlinks: boolean;
  readonly isRecursive: boolean;
  readonly count: WatchCount;
  readonly signal: AbortSignal;
}

/** What is watched, as JSON. */
export interface TreeState {
  /** Each after the one that it is in, whose watch is -1 for the root. */
  readonly folders: readonly (readonly [watch: number, parent: number, name: string])[];
  readonly found: readonly string[];
  readonly root: Pick<FileStat, 'inode' | 'deviceId'> | undefined;
}

/** Called for what a new folder has in it. */
export type ReportFound = (path: string, isFolder: boolean) => Promise<void>;

/** The watched folders of one call, by where they are now. Links and other file systems are not entered. */
export type WatchedTree = ReturnType<typeof createWatchedTree>;

/**
 * The caller closes the watcher.
 * @param before what this watcher watches already
 */
export function createWatchedTree(host: Host, watcher: FolderWatcher, options: TreeOptions, before?: TreeState) {
  const { path: top, count } = options;
  const byWatch = new Map<number, WatchedFolder>();
  const found = new Set<string>(before?.found);
  let root: TreeState['root'] = before?.root;
  let isLost = false;
  for (const [number, parent, name] of before?.folders ?? []) {
    const folder = { parent: byWatch.get(parent), name, watch: number, children: new Map() };
    byWatch.set(number, folder);
    folder.parent?.children.set(name, folder);
    count.folders++;
  }

  /** The path of a name in a folder, or of the folder itself. */
  function pathOf(folder: WatchedFolder, name: string): string {
    let path = name && `/${name}`;
    for (let at = folder; at.parent !== undefined; at = at.parent) path = `/${at.name}${path}`;
    return (top === '/' ? '' : top) + path || '/';
  }

  /** Stops watching a folder that is not in the tree any more, with those below it. */
  function drop(folder: WatchedFolder | undefined): void {
    if (folder === undefined) return;
    folder.parent?.children.delete(folder.name);
    const dropped = [folder];
    for (const { children, watch } of dropped) {
      dropped.push(...children.values());
      watcher.remove(watch);
      if (byWatch.delete(watch)) count.folders--;
    }
  }

  function place(folder: WatchedFolder, parent: WatchedFolder, name: string): void {
    const there = parent.children.get(name);
    if (there === folder) return;
    drop(there);
    folder.parent?.children.delete(folder.name);
    folder.parent = parent;
    folder.name = name;
    parent.children.set(name, folder);
  }

  /** undefined if it is not to be entered, or was entered already. */
  function watch(
    handle: DirectoryHandle,
    parent: WatchedFolder | undefined,
    name: string,
    isNew: boolean,
  ): WatchedFolder | undefined {
    if (handle.stat('.').deviceId !== root?.deviceId) return undefined;
    if (count.folders >= maxFolders) throw tooMany();
    let number: number;
    try {
      number = watcher.add(handle, watchedEvents);
    } catch (error) {
      throw watchLimit(error, 'ENOSPC', 'watches');
    }
    const known = byWatch.get(number);
    // Known: it was moved here, which is among the changes to come, or it is mounted at two places of the tree.
    if (known !== undefined && (!isNew || parent === undefined || isWithin(parent, known))) return undefined;
    const folder = known ?? { parent: undefined, name, watch: number, children: new Map() };
    if (known === undefined) count.folders++;
    byWatch.set(number, folder);
    if (parent !== undefined) place(folder, parent, name);
    return folder;
  }

  /** undefined for what is gone, or no folder any more, or not allowed. The first opening fails with what is wrong. */
  function open(parent: WatchedFolder | undefined, name: string): DirectoryHandle | undefined {
    const names = parent === undefined ? [] : [name];
    for (let at = parent; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
    let handle: DirectoryHandle | undefined;
    try {
      // Opened each time: the kernel reports the end of a folder only when nobody has it open.
      handle = host.files.openDirectory(options.folder, options);
      const stat = handle.stat('.');
      root ??= stat;
      isLost ||= stat.inode !== root.inode || stat.deviceId !== root.deviceId;
      for (const each of names) {
        const next: DirectoryHandle = handle.openDirectory(each);
        handle.close();
        handle = next;
      }
      if (!isLost) return handle;
    } catch (error) {
      if (root === undefined || !hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) throw error;
      isLost ||= handle === undefined;
    }
    handle?.close();
    return undefined;
  }

  return {
    get size(): number {
      return byWatch.size;
    },
    /** The root is not at its path any more. */
    get isLost(): boolean {
      return isLost;
    },
    /** For the next program of the agent. */
    get state(): TreeState {
      const ordered = [...byWatch.values()].filter(({ parent }) => parent === undefined);
      for (const { children } of ordered) ordered.push(...children.values());
      return {
        folders: ordered.map(({ watch, parent, name }) => [watch, parent?.watch ?? -1, name]),
        found: [...found],
        root: root && { inode: root.inode, deviceId: root.deviceId },
      };
    },
    find: (number: number) => byWatch.get(number),
    pathOf,
    drop,
    /**
     * Watches a folder, and in a tree those below it. With `report` everything in them is reported, since it may have been
     * created before they were watched.
     * @throws OperationError WATCH_LIMIT
     */
    add: async (parent: WatchedFolder | undefined, name: string, report?: ReportFound): Promise<void> => {
      const waiting = [{ parent, name }];
      for (const next of waiting) {
        const handle = open(next.parent, next.name);
        if (handle === undefined) continue;
        try {
          const folder = watch(handle, next.parent, next.name, report !== undefined);
          if (folder === undefined || !options.isRecursive) continue;
          for (let entries = handle.readEntries(); entries.length > 0; entries = handle.readEntries()) {
            for (const { name: inner, type } of entries) {
              const isFolder = (type === 'unknown' ? typeOf(handle, inner) : type) === 'directory';
              if (report !== undefined) {
                if (found.size < maxFound) found.add(`${folder.watch}/${inner}`);
                await report(pathOf(folder, inner), isFolder);
              }
              if (isFolder) waiting.push({ parent: folder, name: inner });
            }
            if (waiting.length > 2 * maxFolders) throw tooMany();
            await yieldToLoop(host, options.signal);
          }
        } finally {
          handle.close();
        }
      }
    },
    /** Whether a name was reported already, when its folder was added. */
    takeFound: (folder: WatchedFolder, name: string) => found.delete(`${folder.watch}/${name}`),
    /** All changes up to the last `add` were read. */
    forgetFound: () => found.clear(),
    /** Follows a rename. False if there is no watched folder of that name. */
    move: (from: WatchedFolder, name: string, to: WatchedFolder, newName: string): boolean => {
      const moved = from.children.get(name);
      if (moved !== undefined) place(moved, to, newName);
      else drop(to.children.get(newName));
      return moved !== undefined;
    },
    /** The watcher was closed. */
    forget: () => {
      count.folders -= byWatch.size;
      byWatch.clear();
    },
  };
}

/** The error for a limit of the kernel. */
export function watchLimit(error: unknown, errno: string, what: string): unknown {
  return hasErrno(error, errno)
    ? new OperationError('WATCH_LIMIT', `The guest’s kernel has fs.inotify.max_user_${what} already.`, { cause: error })
    : error;
}

function typeOf(handle: DirectoryHandle, name: string): string {
  try {
    return handle.stat(name).type;
  } catch {
    // Removed meanwhile.
    return '';
  }
}

function isWithin(folder: WatchedFolder, top: WatchedFolder): boolean {
  for (let at: WatchedFolder | undefined = folder; at !== undefined; at = at.parent) if (at === top) return true;
  return false;
}

function tooMany(): OperationError {
  return new OperationError('WATCH_LIMIT', `More than ${maxFolders} folders would be watched.`);
}

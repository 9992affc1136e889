import { DirectorySort, type FileInfo } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';
import { type FileWatchEvent, type WatchFilesOptions, watchFiles } from './watch-files.ts';

export interface PathOptions extends CallOptions {
  /** Reject paths that contain a symbolic link (FILE_SYMLINK_REFUSED). Default: links in the path are followed. */
  readonly noSymlinks?: boolean | undefined;
}

export interface ListFilesOptions extends PathOptions {
  /** Default: by name. */
  readonly sort?: 'name' | 'size' | 'modified' | undefined;
  readonly descending?: boolean | undefined;
  /** Include names that begin with a dot. Default: false. */
  readonly hidden?: boolean | undefined;
  /** Entries per request, 1 to 1,000. Default: 1,000. */
  readonly pageSize?: number | undefined;
}

export interface MakeFolderOptions extends PathOptions {
  /** Permission bits. Default: 0o755. */
  readonly mode?: number | undefined;
  /** Create missing parents too; an existing folder is not an error. */
  readonly parents?: boolean | undefined;
  /** Names or numbers. Default: the agent's own. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

export interface TreeOptions extends PathOptions {
  /** Apply to a folder and everything in it. */
  readonly recursive?: boolean | undefined;
}

/**
 * Operations on files in guests, one call each. `vm` is an id or a name, paths are absolute. Rejects with
 * OperationError.
 */
export interface GuestFiles {
  /** Yields the entries of a folder in order; further pages are requested as they are consumed. */
  list(vm: string, path: string, options?: ListFilesOptions): AsyncGenerator<FileInfo, void, undefined>;
  /** `follow`: for a symbolic link, returns its target. */
  stat(vm: string, path: string, options?: PathOptions & { readonly follow?: boolean | undefined }): Promise<FileInfo>;
  mkdir(vm: string, path: string, options?: MakeFolderOptions): Promise<FileInfo>;
  /** Renames within one file system. Fails with FILE_EXISTS if the target exists, unless `replace` is set. */
  rename(
    vm: string,
    from: string,
    to: string,
    options?: PathOptions & { readonly replace?: boolean | undefined },
  ): Promise<FileInfo>;
  /** Returns the number of removed entries. Never follows a link, never leaves the file system, refuses "/". */
  remove(
    vm: string,
    path: string,
    options?: TreeOptions & { readonly ignoreMissing?: boolean | undefined },
  ): Promise<number>;
  /** Sets permission bits, 0 to 0o7777. Returns the number of changed entries; symbolic links in a tree are skipped. */
  chmod(vm: string, path: string, mode: number, options?: TreeOptions): Promise<number>;
  /** Sets owner, group or both, by name or number. Returns the number of changed entries. */
  chown(
    vm: string,
    path: string,
    owner: { readonly user?: string | undefined; readonly group?: string | undefined },
    options?: TreeOptions,
  ): Promise<number>;
  /**
   * Yields changes of a file, a folder or a tree as they happen, beginning with `started`. Ends when the folder is removed
   * or renamed; a lost connection is an error. A consumer that is slow gets `lost` instead of what did not fit.
   */
  watch(vm: string, path: string, options?: WatchFilesOptions): AsyncGenerator<FileWatchEvent, void, undefined>;
}

const sorts = {
  name: DirectorySort.UNSPECIFIED,
  size: DirectorySort.SIZE,
  modified: DirectorySort.MODIFIED,
} as const;

/** Implements GuestFiles on the agent's services, for Node and browsers. */
export function createGuestFiles(agent: (vm: string) => AgentClients): GuestFiles {
  return {
    async *list(vm, path, { signal, sort = 'name', pageSize = 1000, ...rest } = {}) {
      let pageToken = '';
      do {
        const request = { path, pageSize, pageToken, sort: sorts[sort], ...given(rest) };
        const page = await agent(vm).files.list(request, callOptions({ signal }));
        yield* page.entries;
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
    },
    stat: (vm, path, { signal, ...rest } = {}) =>
      agent(vm).files.stat({ path, ...given(rest) }, callOptions({ signal })),
    mkdir: (vm, path, { signal, ...rest } = {}) =>
      agent(vm).files.makeDirectory({ path, ...given(rest) }, callOptions({ signal })),
    rename: (vm, from, to, { signal, ...rest } = {}) =>
      agent(vm).files.rename({ from, to, ...given(rest) }, callOptions({ signal })),
    remove: async (vm, path, { signal, ...rest } = {}) =>
      Number((await agent(vm).files.remove({ path, ...given(rest) }, callOptions({ signal }))).removed),
    chmod: async (vm, path, mode, { signal, ...rest } = {}) =>
      Number((await agent(vm).files.setMode({ path, mode, ...given(rest) }, callOptions({ signal }))).changed),
    chown: async (vm, path, owner, { signal, ...rest } = {}) => {
      const request = { path, ...given(owner), ...given(rest) };
      return Number((await agent(vm).files.setOwner(request, callOptions({ signal }))).changed);
    },
    watch: (vm, path, options) => watchFiles(agent(vm), path, options),
  };
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Omits undefined fields, which a protobuf message does not accept. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}

import { DirectorySort, type FileInfo } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

export interface PathOptions extends CallOptions {
  /** Refuse paths that lead through a symbolic link (FILE_SYMLINK_REFUSED). Default: links on the way are followed. */
  readonly noSymlinks?: boolean | undefined;
}

export interface ListFilesOptions extends PathOptions {
  /** Default: by name. */
  readonly sort?: 'name' | 'size' | 'modified' | undefined;
  readonly descending?: boolean | undefined;
  /** Names that begin with a dot too. Default: without them. */
  readonly hidden?: boolean | undefined;
  /** Entries asked for at once, 1 to 1,000. Default: 1,000. */
  readonly pageSize?: number | undefined;
}

export interface MakeFolderOptions extends PathOptions {
  /** Permission bits. Default: 0o755. */
  readonly mode?: number | undefined;
  /** Those above it too; one that is there already is success. */
  readonly parents?: boolean | undefined;
  /** Names or numbers. Default: the agent's own. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

export interface TreeOptions extends PathOptions {
  /** A folder with all that is in it. */
  readonly recursive?: boolean | undefined;
}

/** Files of guests, by one call each. `vm` is an id or a name, paths are absolute. Fails with OperationError. */
export interface GuestFiles {
  /** The entries of a folder in order, asked for in pages as they are taken. */
  list(vm: string, path: string, options?: ListFilesOptions): AsyncGenerator<FileInfo, void, undefined>;
  /** Of a symbolic link, with `follow`: what it points to. */
  stat(vm: string, path: string, options?: PathOptions & { readonly follow?: boolean | undefined }): Promise<FileInfo>;
  mkdir(vm: string, path: string, options?: MakeFolderOptions): Promise<FileInfo>;
  /** Within one file system. Without `replace` FILE_EXISTS when there is something. */
  rename(
    vm: string,
    from: string,
    to: string,
    options?: PathOptions & { readonly replace?: boolean | undefined },
  ): Promise<FileInfo>;
  /** Gives how many entries were removed. Never follows a link, never leaves the file system, refuses "/". */
  remove(
    vm: string,
    path: string,
    options?: TreeOptions & { readonly ignoreMissing?: boolean | undefined },
  ): Promise<number>;
  /** Sets permission bits, 0 to 0o7777. Gives how many entries were changed; links in a tree are left alone. */
  chmod(vm: string, path: string, mode: number, options?: TreeOptions): Promise<number>;
  /** Sets owner, group or both, by name or number. Gives how many entries were changed. */
  chown(
    vm: string,
    path: string,
    owner: { readonly user?: string | undefined; readonly group?: string | undefined },
    options?: TreeOptions,
  ): Promise<number>;
}

const sorts = {
  name: DirectorySort.UNSPECIFIED,
  size: DirectorySort.SIZE,
  modified: DirectorySort.MODIFIED,
} as const;

/** The same in Node and in browsers, over the agent's own services. */
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
  };
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined: a message has no such fields. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}

import { checkPath } from '../file/check-path.ts';
import type { ConnectTarget, Files, FolderWatcher, Host } from '../host.ts';
import { namePath } from '../tree/normal-path.ts';
import { FileLimits, type FileLimitsOptions } from './file-limits.ts';
import { LimitedDirectory } from './limited-directory.ts';
import { type Place, type WalkOptions, walk } from './walk.ts';

/** Read for the user and group of a new file; says nothing. */
const ownProcess = '/proc/self';

/**
 * A host whose files are those that the policy allows: each path is walked folder by folder, so that links, "..",
 * /proc/self/root and exchanges in between lead nowhere else. What operations do not do with paths of their callers
 * (`readText` of /etc/passwd, `statVfs`) and what is open already is not limited.
 * @param checkTunnel throws for a port, or the real path of a socket, that nothing may be connected to; default: none
 */
export function limitedFiles(
  host: Host,
  options: FileLimitsOptions,
  checkTunnel: (target: number | string) => void = () => undefined,
): Host {
  const files = new LimitedFiles(host.files, new FileLimits(host, options));
  const { clock, processes, network, freezer, power, bytes, jobs, system, program } = host;
  const connect = async (target: ConnectTarget, signal: AbortSignal) => {
    const allowed = 'path' in target ? { path: files.socketPath(target.path) } : target;
    checkTunnel('path' in allowed ? allowed.path : allowed.port);
    return await network.connect(allowed, signal);
  };
  return {
    clock,
    processes,
    freezer,
    power,
    bytes,
    jobs,
    system,
    program,
    files: files.port(),
    network: { ...bound(network), connect },
  };
}

/** A port, which may be of a class, as an object of its functions. */
function bound<T extends object>(port: T): T {
  const copy: Record<string, unknown> = {};
  for (let at: object = port; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    for (const name of Object.getOwnPropertyNames(at)) {
      const value: unknown = Reflect.get(port, name);
      copy[name] ??= typeof value === 'function' ? value.bind(port) : value;
    }
  return copy as T;
}

function limitedWatcher(watcher: FolderWatcher): FolderWatcher {
  const add: FolderWatcher['add'] = (folder, events) => {
    if (!(folder instanceof LimitedDirectory)) throw new TypeError('expected a directory of this host');
    folder.checkRead();
    return watcher.add(folder.inner, events);
  };
  return { ...bound(watcher), add };
}

class LimitedFiles {
  readonly #files: Files;
  readonly #limits: FileLimits;

  constructor(files: Files, limits: FileLimits) {
    this.#files = files;
    this.#limits = limits;
  }

  port(): Files {
    return {
      ...bound(this.#files),
      open: (path, options) =>
        this.#at(path, { follow: !options.exclusive, ...options }, ({ folder, name }) =>
          folder.openFile(name, options),
        ),
      stat: (path, follow) =>
        path === ownProcess
          ? this.#files.stat(path, follow)
          : this.#at(path, { follow }, ({ folder, name }) => folder.stat(name)),
      readLink: (path) => this.#at(path, {}, ({ folder, name }) => folder.readLink(name)),
      rename: (from, to) =>
        this.#at(from, {}, (source) =>
          this.#at(to, {}, (target) => source.folder.rename(source.name, target.folder, target.name, true)),
        ),
      unlink: (path) => this.#at(path, {}, ({ folder, name }) => folder.unlink(name)),
      makeDirectory: (path, mode) => this.#at(path, {}, ({ folder, name }) => folder.makeDirectory(name, mode)),
      openDirectory: (path, options) => this.#openDirectory(path, options),
      readDirectory: (path, limit) => {
        const folder = this.#openDirectory(path, {});
        try {
          const names: string[] = [];
          for (let more = folder.readEntries(); more.length > 0 && names.length < limit; more = folder.readEntries())
            names.push(...more.map(({ name }) => name).filter((name) => name !== '.' && name !== '..'));
          return names.slice(0, limit);
        } finally {
          folder.close();
        }
      },
      watchFolders: () => limitedWatcher(this.#files.watchFolders()),
      adoptWatcher: (descriptor) => limitedWatcher(this.#files.adoptWatcher(descriptor)),
    };
  }

  /** Where a socket is, for connecting to it. */
  socketPath(path: string): string {
    return this.#at(checkPath(path), { follow: true }, ({ folder, name, real }) => {
      // Connecting needs the right to write, and what listens may do anything.
      folder.checkChange(name);
      return real;
    });
  }

  #openDirectory(path: string, options: Partial<WalkOptions>): LimitedDirectory {
    return this.#at(path, { follow: true, ...options }, ({ folder, name }) => folder.openDirectory(name));
  }

  #at<T>(path: string, options: Partial<WalkOptions>, use: (place: Place<LimitedDirectory>) => T): T {
    const top = new LimitedDirectory(this.#files.openDirectory('/', { noSymlinks: false }), this.#limits, '/');
    try {
      const { follow = false, noSymlinks = false } = options;
      return namePath(path, () => walk(top, path, { follow, noSymlinks }, use));
    } finally {
      top.close();
    }
  }
}

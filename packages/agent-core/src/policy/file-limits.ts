import type { OperationError } from '@innkeeper/contract/errors';
import type { PolicyRules } from '../config/agent-config.ts';
import type { FileStat, Host } from '../host.ts';
import { isBelow } from './is-below.ts';

export interface FileLimitsOptions {
  /** Path of the configuration file. */
  readonly path: string;
  /** Path of the keys that may sign a new agent. */
  readonly keysPath: string;
  readonly rules: PolicyRules;
  readonly where: (rule: string, line: number) => string;
  readonly denial: (what: string, rule: string) => OperationError;
}

/** Folders of the agent whose content has effects of its own: hooks, keys, what an agent left to be undone. */
const ownFolders = ['/etc/innkeeper', '/etc/limiquantix', '/run/innkeeper', '/var/lib/innkeeper-agent'];

/** Which paths the policy allows. Every path here was walked: no link and no ".." is in it. */
export class FileLimits {
  readonly #host: Host;
  readonly #options: FileLimitsOptions;
  readonly #locked: readonly string[];
  /** Files that are not changed by another name either. */
  readonly #ownFiles: readonly string[];
  /** The configuration file, and the folders above it. */
  readonly #chain: readonly string[];

  constructor(host: Host, options: FileLimitsOptions) {
    this.#host = host;
    this.#options = options;
    const parts = options.path.split('/');
    this.#chain = parts.slice(1).map((_, index) => parts.slice(0, parts.length - index).join('/'));
    const files = [options.keysPath, ...programPaths(host)];
    this.#locked = [this.#chain[1] ?? '/', ...ownFolders, ...files];
    this.#ownFiles = [...this.#chain, ...files];
  }

  /** Whether something at this path may be read, or is a folder on the way to such a thing. */
  maySee(real: string): boolean {
    const roots = this.#options.rules.roots?.value;
    return roots === undefined || roots.some((root) => isBelow(real, root) || isBelow(root, real));
  }

  /** @throws OperationError DENIED_BY_GUEST_POLICY unless a file or folder may be read */
  checkRead(real: string): void {
    const { roots } = this.#options.rules;
    if (roots !== undefined && !roots.value.some((root) => isBelow(real, root)))
      throw this.#denied(real, 'roots', roots.line);
  }

  /**
   * Opening a device has effects, even for reading: a watchdog begins to count, a tape rewinds; and a reader of a pipe takes
   * what another one waits for.
   * @param facts those of what is there now; undefined: nothing
   * @throws OperationError DENIED_BY_GUEST_POLICY for them where nothing may be changed
   */
  checkOpen(real: string, facts: FileStat | undefined): void {
    const { rules, denial, where } = this.#options;
    if (rules.readOnly?.value !== true || facts === undefined || facts.type === 'regular' || facts.type === 'directory')
      return;
    throw denial(`opening ${real.slice(0, 200)}, which is not a file`, where('read_only', rules.readOnly.line));
  }

  /**
   * @param facts those of what is there now; undefined: nothing, or it is not changed itself
   * @throws OperationError DENIED_BY_GUEST_POLICY unless a name may be created, changed or removed
   */
  checkWrite(real: string, facts: FileStat | undefined, folder: FileStat): void {
    const { rules, denial, where } = this.#options;
    const isRoots = rules.writeRoots === undefined;
    const rule = rules.writeRoots ?? rules.roots;
    // Strictly below: a root itself stays where it is.
    if (rule !== undefined && !rule.value.some((root) => real !== root && isBelow(real, root)))
      throw this.#denied(real, isRoots ? 'roots' : 'write_roots', rule.line);
    if (rules.readOnly?.value === true) throw denial(`a change of ${real}`, where('read_only', rules.readOnly.line));
    const own = this.#locked.some((path) => isBelow(real, path) || isBelow(path, real));
    // The same by another name: a hard link, a bind mount.
    if (own || this.#isOwn(facts, this.#ownFiles) || this.#isOwn(folder, this.#chain.slice(1, 2)))
      throw denial(`a change of ${real}`, 'the files of the agent are its guest’s');
  }

  #denied(real: string, rule: string, line: number): OperationError {
    const { denial, where } = this.#options;
    return denial(real.slice(0, 200), where(rule, line));
  }

  #isOwn(facts: FileStat | undefined, paths: readonly string[]): boolean {
    return (
      facts !== undefined &&
      paths.some((path) => {
        try {
          const { deviceId, inode } = this.#host.files.stat(path, true);
          return deviceId === facts.deviceId && inode === facts.inode;
        } catch {
          // ENOENT: it was removed by whoever runs the guest.
          return false;
        }
      })
    );
  }
}

/** The agent's program, the next one and the one to go back to: who replaces one of them replaces the policy. */
function programPaths(host: Host): string[] {
  // The kernel adds " (deleted)" if a package has replaced the file.
  const path = host.program.path.replace(/ \(deleted\)$/, '');
  return ['', '.new', '.previous'].map((suffix) => path + suffix);
}

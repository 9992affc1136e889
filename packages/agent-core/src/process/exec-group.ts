import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const maxListBytes = 1024 * 1024;
const one = new Uint8Array([0x31]);
const prefix = 'innkeeper-exec-';
/** Empty cgroups kept for later commands: creating and removing one takes longer than starting a command. */
const maxFree = 8;
const maxNames = 10_000;

/**
 * The cgroup of one command. Its processes stay in it even if they change their session and environment, so all of them
 * are found when the command has to end.
 */
export interface ExecGroup {
  /** The file to which a process writes "0" to enter. */
  readonly entry: string;
  /** Ids of the processes in it. */
  members(): number[];
  /** Kills all of them at once, including those being forked. False before Linux 5.14. */
  kill(): boolean;
  /** The command has ended: the cgroup is used again or removed, once it is empty. */
  release(): void;
  /** For the next program of this process. */
  handOver(): ExecGroupState;
}

export interface ExecGroupState {
  readonly name: string;
  readonly wasKilled: boolean;
}

/** What the next program of this process has to know to manage the cgroups. */
export interface ExecGroupsState {
  readonly base: string | undefined;
  readonly last: number;
  readonly free: readonly string[];
  readonly old: readonly string[];
}

/** Creates a cgroup for each command, below the agent's own, where cgroup v2 is writable. */
export class ExecGroups {
  readonly #host: Host;
  /** The agent's own cgroup. undefined: not searched yet; empty: none. */
  #base: string | undefined;
  #last = 0;
  /** Names of cgroups that are empty. */
  readonly #free: string[] = [];
  /** Names of cgroups whose command has ended, to be removed once they are empty. */
  readonly #old = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  handOver(): ExecGroupsState {
    return { base: this.#base, last: this.#last, free: this.#free, old: [...this.#old] };
  }

  restore({ base, last, free, old }: ExecGroupsState): void {
    this.#base = base;
    this.#last = last;
    this.#free.push(...free);
    for (const name of old) this.#old.add(name);
  }

  /** undefined where there is no cgroup v2, or the agent may not write to it. */
  create(): ExecGroup | undefined {
    this.#base ??= this.#findBase();
    const name = this.#base === '' ? undefined : (this.#free.pop() ?? this.#make(this.#base));
    return name === undefined ? undefined : this.adopt({ name, wasKilled: false });
  }

  /** The cgroup of a command that runs in it. */
  adopt(state: ExecGroupState): ExecGroup {
    const { name } = state;
    const path = `${this.#base}/${name}`;
    const members = (): number[] => this.#numbersOf(`${path}/cgroup.procs`);
    /** It may be another command's by now. */
    let isFree = false;
    let { wasKilled } = state;
    return {
      entry: `${path}/cgroup.procs`,
      members: () => (isFree ? [] : members()),
      kill: () => {
        if (isFree) return false;
        wasKilled = true;
        return this.#write(`${path}/cgroup.kill`);
      },
      release: () => {
        isFree = members().length === 0;
        // Newer kernels kill whatever is created by clone3 in a cgroup that was killed once, since they compare its count
        // of kills with that of the agent's own.
        if (isFree && !wasKilled && this.#free.length < maxFree) this.#free.push(name);
        else this.#old.add(name);
        this.#sweep();
      },
      handOver: () => ({ name, wasKilled }),
    };
  }

  #make(base: string): string | undefined {
    const name = `${prefix}${this.#host.system.pid}-${++this.#last}`;
    try {
      this.#host.files.makeDirectory(`${base}/${name}`, 0o755);
      return name;
    } catch {
      // EROFS, EACCES, EAGAIN (cgroup.max.descendants): the command runs without one.
      return undefined;
    }
  }

  #findBase(): string {
    const own = readTrimmed(this.#host, '/proc/self/cgroup')
      ?.split('\n')
      .find((line) => line.startsWith('0::/'))
      ?.slice('0::'.length);
    if (own === undefined) return '';
    const path = own === '/' ? '' : own;
    // The second is systemd's mount of it along with version 1.
    for (const mount of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'])
      if (readTrimmed(this.#host, `${mount}${path}/cgroup.procs`) !== undefined) {
        this.#adopt(`${mount}${path}`);
        return `${mount}${path}`;
      }
    return '';
  }

  /** Cgroups that an earlier agent left are removed along with the next one. */
  #adopt(base: string): void {
    for (const name of this.#host.files.readDirectory(base, maxNames)) {
      const owner = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
      if (owner !== undefined && readTrimmed(this.#host, `/proc/${owner}/stat`) === undefined) this.#old.add(name);
    }
  }

  /** Removes the cgroups that are empty by now. */
  #sweep(): void {
    if (this.#base === undefined || this.#old.size === 0) return;
    const folder = this.#host.files.openDirectory(this.#base, { noSymlinks: false });
    try {
      for (const name of this.#old)
        try {
          folder.removeDirectory(name);
          this.#old.delete(name);
        } catch {
          // EBUSY: a process of that command is left, such as a daemon that it started.
        }
    } finally {
      folder.close();
    }
  }

  #numbersOf(path: string): number[] {
    const text = readTrimmed(this.#host, path, maxListBytes) ?? '';
    return text === '' ? [] : text.split('\n').map(Number);
  }

  #write(path: string): boolean {
    try {
      const file = this.#host.files.open(path, openOptions({ access: 'write' }));
      try {
        this.#host.files.writeNext(file, one);
      } finally {
        file.close();
      }
      return true;
    } catch {
      // ENOENT: an older kernel.
      return false;
    }
  }
}

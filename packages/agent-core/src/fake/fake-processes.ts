import type { ChildProcess, Clock, Processes, ProcessHandle, SpawnSpec } from '../host.ts';
import { HostError } from '../host-error.ts';
import type { FakeFiles } from './fake-files.ts';
import { FakeProcess } from './fake-process.ts';
import type { Program } from './fake-program.ts';

/** The agent's own process id in the fake guest. */
export const fakeAgentPid = 300;

/** Scripted programs as processes, with their entries in /proc. */
export class FakeProcesses implements Processes {
  readonly subreaper = true;
  /** The specs of all spawns, in order. */
  readonly spawned: SpawnSpec[] = [];
  readonly #files: FakeFiles;
  readonly #clock: Clock;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #running = new Map<number, FakeProcess>();
  /** All that were ever started. */
  readonly #started = new Map<number, FakeProcess>();
  #lastPid = fakeAgentPid + 100;

  /** @param programs by path */
  constructor(files: FakeFiles, clock: Clock, programs: ReadonlyMap<string, Program>) {
    this.#files = files;
    this.#clock = clock;
    this.#programs = programs;
  }

  /** Ids of running processes. */
  get running(): readonly number[] {
    return [...this.#running.keys()];
  }

  spawn(spec: SpawnSpec): ChildProcess {
    this.spawned.push(spec);
    if (this.#typeOf(spec.directory) !== 'directory') throw new HostError('ENOENT', 'chdir', spec.directory);
    const program = this.#find(spec);
    const process = this.#start({ program, spec, parent: undefined, newSession: true });
    return process.asChild();
  }

  adopt({ pid }: ProcessHandle): ChildProcess {
    const process = this.#started.get(pid);
    if (process === undefined) throw new HostError('ESRCH', 'adopt');
    return process.asChild();
  }

  kill(pid: number, signal: number): void {
    const targets = [...this.#running.values()].filter((each) => (pid < 0 ? each.session === -pid : each.pid === pid));
    if (targets.length === 0) throw new HostError('ESRCH', 'kill');
    for (const target of targets) target.deliver(signal);
  }

  /** As execvp(3): skips files that do not exist or are not executable. */
  #find({ programs }: SpawnSpec): Program {
    let refused: string | undefined;
    for (const path of programs) {
      const type = this.#typeOf(path);
      if (type === undefined || (type === 'directory' && programs.length > 1)) continue;
      if (type === 'directory' || (this.#files.stat(path, true).mode & 0o111) === 0) {
        refused ??= path;
        continue;
      }
      const program = this.#programs.get(path);
      if (program === undefined) throw new HostError('ENOEXEC', 'execve', path);
      return program;
    }
    throw new HostError(refused === undefined ? 'ENOENT' : 'EACCES', 'execve', refused ?? programs[0]);
  }

  #start(options: {
    readonly program: Program;
    readonly spec: SpawnSpec;
    readonly parent: FakeProcess | undefined;
    readonly newSession: boolean;
  }): FakeProcess {
    const pid = ++this.#lastPid;
    const process = new FakeProcess({
      ...options,
      pid,
      session: options.newSession ? pid : (options.parent?.session ?? pid),
      clock: this.#clock,
      fork: (program, newSession) =>
        this.#start({ program, spec: options.spec, parent: process, newSession: newSession }).pid,
      onGone: () => this.#remove(pid),
    });
    this.#running.set(pid, process);
    this.#started.set(pid, process);
    const folder = `/proc/${pid}`;
    const startedTicks = Math.round(this.#clock.monotonicMs() / 10);
    this.#files.put(
      `${folder}/stat`,
      () =>
        `${pid} (a (b) c) S ${this.#parentOf(process)} ${process.session} ${process.session} 0 -1` +
        ` 0 0 0 0 0 0 0 0 0 20 0 1 0 ${startedTicks}`,
    );
    this.#files.put(`${folder}/environ`, options.spec.environment.join('\0'));
    this.#files.put(`${folder}/oom_score_adj`, '-900');
    process.start();
    return process;
  }

  /** The agent is the subreaper: orphans are its children. */
  #parentOf({ parent }: FakeProcess): number {
    return parent !== undefined && this.#running.has(parent.pid) ? parent.pid : fakeAgentPid;
  }

  #remove(pid: number): void {
    this.#running.delete(pid);
    this.#files.remove(`/proc/${pid}`);
  }

  #typeOf(path: string): string | undefined {
    try {
      return this.#files.stat(path, true).type;
    } catch {
      // ENOENT and the like: does not exist.
      return undefined;
    }
  }
}

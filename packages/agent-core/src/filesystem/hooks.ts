import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HookResultSchema } from '@innkeeper/contract/agent';
import { HookKind } from '@innkeeper/contract/agent-lite';
import { maxHookOutputChars, maxHooks } from '@innkeeper/contract/limits';
import { errorMessage } from '@innkeeper/kit';
import type { Host } from '../host.ts';

/** Where administrators put hooks: Innkeeper's folder, and that of the documents of another platform. */
const roots = ['/etc/innkeeper', '/etc/limiquantix'] as const;
const maxNames = 1000;
/** Names that package managers and editors leave, and that administrators use for what is not to run. */
const notRun = /^\.|~$|\.(?:bak|disabled|sample|swp|rpmnew|rpmsave|rpmorig|dpkg-[a-z]+|ucf-[a-z]+)$/;

export type HookResultInit = MessageInitShape<typeof HookResultSchema>;

/** What is wrong with a hook that is configured, and not only found in a folder. */
const unusable = 'it must be a program of root that nobody else can change';

/** A hook to be run, or why it cannot be. */
interface Hook {
  readonly path: string;
  readonly problem?: string;
}

/**
 * The hooks of one freeze. A post-thaw hook runs if the pre-freeze hook of its name was started, or there is none of that
 * name: whatever was stopped is started again, and nothing else.
 */
export class FreezeHooks {
  readonly #host: Host;
  readonly #timeoutMs: number;
  /** One that is a hook of both kinds, and that must be usable. */
  readonly #extra: string | undefined;
  /** Names of pre-freeze hooks, and whether they were started. */
  readonly #before: Map<string, boolean>;

  constructor(
    host: Host,
    timeoutMs: number,
    {
      before = new Map(),
      extra,
    }: { readonly before?: ReadonlyMap<string, boolean>; readonly extra?: string | undefined } = {},
  ) {
    this.#host = host;
    this.#extra = extra;
    this.#timeoutMs = timeoutMs;
    this.#before = new Map(before);
  }

  /** What has to be kept for another agent to run the same post-thaw hooks. */
  get started(): ReadonlyMap<string, boolean> {
    return this.#before;
  }

  /** Runs the pre-freeze hooks, up to the first that fails unless `goOn`. Resolves with whether all succeeded. */
  async runBefore(goOn: boolean, report: (result: HookResultInit) => void): Promise<boolean> {
    const hooks = this.#list('pre-freeze.d');
    for (const { path } of hooks) this.#before.set(nameOf(path), false);
    let good = true;
    for (const hook of hooks) {
      if (hook.problem === undefined) this.#before.set(nameOf(hook.path), true);
      const result = await this.#run(hook, HookKind.PRE_FREEZE);
      report(result);
      good &&= result.exitCode === 0;
      if (!good && !goOn) return false;
    }
    return good;
  }

  async runAfter(report: (result: HookResultInit) => void): Promise<void> {
    for (const hook of this.#list('post-thaw.d')) {
      const wasStarted = this.#before.get(nameOf(hook.path));
      if (wasStarted ?? hook.path !== this.#extra) report(await this.#run(hook, HookKind.POST_THAW));
    }
  }

  /** In the order of their names, whichever folder they are in; the last of too many is one that says so. */
  #list(folder: string): Hook[] {
    const paths: string[] = [];
    for (const root of roots) {
      try {
        for (const name of this.#host.files.readDirectory(`${root}/${folder}`, maxNames))
          if (!notRun.test(name) && this.#isProgram(`${root}/${folder}/${name}`))
            paths.push(`${root}/${folder}/${name}`);
      } catch {
        // ENOENT: no hooks here.
      }
    }
    const hooks: Hook[] = paths.sort(byName).map((path) => ({ path }));
    const room = maxHooks - (this.#extra === undefined ? 0 : 1);
    const [excess] = hooks.splice(hooks.length > room ? room - 1 : room);
    if (excess !== undefined) hooks.push({ ...excess, problem: `there are more than ${maxHooks} hooks` });
    if (this.#extra === undefined) return hooks;
    hooks.push({ path: this.#extra, ...(this.#isProgram(this.#extra) ? {} : { problem: unusable }) });
    return hooks.sort((a, b) => byName(a.path, b.path));
  }

  /** What others can change is not run as root. */
  #isProgram(path: string): boolean {
    try {
      const { type, mode, uid } = this.#host.files.stat(path, true);
      return type === 'regular' && (mode & 0o111) !== 0 && (mode & 0o022) === 0 && uid === 0;
    } catch {
      // ENOENT: there is none, or a link to nothing.
      return false;
    }
  }

  async #run({ path, problem }: Hook, kind: HookKind): Promise<HookResultInit> {
    const startedMs = this.#host.clock.monotonicMs();
    const took = (): number => Math.round(this.#host.clock.monotonicMs() - startedMs);
    const base = { kind, path };
    if (problem !== undefined) return { ...base, error: problem };
    try {
      const argv = [path, kind === HookKind.PRE_FREEZE ? 'freeze' : 'thaw'];
      const job = await this.#host.jobs.run(argv, { timeoutMs: this.#timeoutMs, keepLate: true });
      const { exitCode, timedOut = false } = job;
      const output = lastChars(job.stdout + job.stderr);
      return { ...base, ...(exitCode === undefined ? {} : { exitCode }), timedOut, output, durationMs: took() };
    } catch (error) {
      return { ...base, error: errorMessage(error), durationMs: took() };
    }
  }
}

/** A result as one sentence: how it ended, and the end of its output. */
export function describeHook({ path, exitCode, timedOut, error, output, durationMs }: HookResultInit): string {
  const end =
    error !== undefined && error !== ''
      ? `could not be started: ${error}`
      : timedOut === true
        ? `was killed after ${durationMs} ms`
        : exitCode === undefined
          ? 'was killed by a signal'
          : `exited with ${exitCode}`;
  const said = (output ?? '').trim();
  return `${path} ${end}${said === '' ? '.' : `: ${said}`}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function byName(a: string, b: string): number {
  return nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
}

function lastChars(text: string): string {
  // Half a character would not survive the encoding.
  return text.slice(-maxHookOutputChars).replace(/^[\udc00-\udfff]/, '');
}

import type { Client } from '@connectrpc/connect';
import type { Run, RunEvent, RunService } from '@innkeeper/contract/control';
import type { RunOutputOptions } from './addresses.ts';
import { type CallOptions, callOptions } from './services.ts';
import { newId } from './time-and-chance.ts';
import { type WatchRunOptions, watchRun } from './watch-run.ts';

/** What to run, and where: `vms` or `filter`, `argv` or `script`. */
export interface StartRunOptions extends CallOptions {
  /** Ids or names. */
  readonly vms?: readonly string[] | undefined;
  /** Every running VM that matches, as in a list of VMs. */
  readonly filter?: string | undefined;
  /** Program and arguments. */
  readonly argv?: readonly string[] | undefined;
  /** At most 1 MiB. */
  readonly script?: string | undefined;
  /** Absolute path. Default: the script's own "#!" line, else /bin/sh. */
  readonly interpreter?: string | undefined;
  /** Default: the first line of what is run. */
  readonly title?: string | undefined;
  /** Names or numbers in the guest. Default: the agent's own, which is root. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly workingDirectory?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Default: 1 hour. At most 24 hours. */
  readonly timeoutMs?: number | undefined;
  /** Kept of each target, both streams together. Default: 1 MiB, at most 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /** 1 to 60 of [A-Za-z0-9_-]. The same start sent again under its id gives the run that there is. Default: a new one. */
  readonly id?: string | undefined;
}

export interface ListRunsOptions extends CallOptions {
  /** Id or name. */
  readonly vm?: string | undefined;
  /** Who started it. */
  readonly user?: string | undefined;
  /** Must appear in title, command or script. */
  readonly text?: string | undefined;
  /** Runs asked for at once, 1 to 200. Default: 50. */
  readonly pageSize?: number | undefined;
}

/** Commands and scripts on one VM or many, kept with their output. Fails with OperationError. */
export interface Runs {
  /** Gives the run as soon as it is written down. `run.id` may have a beginning that the daemon put before a given id. */
  start(options: StartRunOptions): Promise<Run>;
  get(id: string, options?: CallOptions): Promise<Run>;
  /** Newest first, without scripts, asked for in pages as they are taken. */
  list(options?: ListRunsOptions): AsyncGenerator<Run, void, undefined>;
  /** The run, its output so far, then what changes, until it has ended; over restarts of the daemon too. */
  watch(id: string, options?: WatchRunOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** TERM to the whole tree on every target that still runs, KILL 5 s later. Gives the run as it is now. */
  cancel(id: string, options?: CallOptions): Promise<Run>;
  /** What is kept of one target's output, now. Must be read to its end, or left by `break`. */
  output(id: string, options?: RunOutputOptions & CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface RunsParts {
  readonly output: Runs['output'];
  /** What a stream of the client threw, as OperationError. */
  readonly toError: (error: unknown) => unknown;
}

/** The same in Node and in browsers, over RunService. */
export function createRuns(client: Client<typeof RunService>, { output, toError }: RunsParts): Runs {
  return {
    start: ({ signal, vms = [], filter = '', id = newId(), maxOutputBytes = 0, ...spec }) =>
      client.startRun(
        { id, vms: [...vms], filter, spec: { ...given(spec), maxOutputBytes: BigInt(maxOutputBytes) } },
        callOptions({ signal }),
      ),
    get: (id, { signal } = {}) => client.getRun({ id }, callOptions({ signal })),
    async *list({ signal, pageSize = 0, vm = '', user = '', text = '' } = {}) {
      let beforeUnixNs = 0n;
      for (;;) {
        const page = await client.listRuns({ vm, user, text, limit: pageSize, beforeUnixNs }, callOptions({ signal }));
        yield* page.runs;
        const last = page.runs.at(-1);
        if (!page.more || last === undefined) return;
        beforeUnixNs = last.startedUnixNs;
      }
    },
    watch: (id, options) => watchRun((signal) => client.watchRun({ id }, { signal }), toError, options),
    cancel: (id, { signal } = {}) => client.cancelRun({ id }, callOptions({ signal })),
    output,
  };
}

type SpecOptions = Omit<StartRunOptions, 'signal' | 'vms' | 'filter' | 'id' | 'maxOutputBytes'>;

/** Without what is undefined: a message has no such fields. */
function given({ argv, environment, ...rest }: SpecOptions) {
  const texts = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...texts, argv: [...(argv ?? [])], environment: { ...environment } };
}

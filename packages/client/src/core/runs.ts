import type { Client } from '@connectrpc/connect';
import type { Run, RunEvent, RunService } from '@innkeeper/contract/control';
import type { RunOutputOptions } from './addresses.ts';
import { type CallOptions, callOptions } from './services.ts';
import { newId } from './time-and-chance.ts';
import { type WatchRunOptions, watchRun } from './watch-run.ts';

/** What to run (`argv` or `script`) and where (`vms` or `filter`). */
export interface StartRunOptions extends CallOptions {
  /** Ids or names. */
  readonly vms?: readonly string[] | undefined;
  /** Every running VM that matches; the same syntax as in ListVms. */
  readonly filter?: string | undefined;
  /** Program and arguments. */
  readonly argv?: readonly string[] | undefined;
  /** At most 1 MiB. */
  readonly script?: string | undefined;
  /** Absolute path. Default: the script's "#!" line, otherwise /bin/sh. */
  readonly interpreter?: string | undefined;
  /** Default: the first line of the command or script. */
  readonly title?: string | undefined;
  /** Names or numbers in the guest. Default: the agent's user, root. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly workingDirectory?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Default: 1 hour. At most 24 hours. */
  readonly timeoutMs?: number | undefined;
  /** Output kept per target, both streams together. Default: 1 MiB, at most 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /** 1 to 60 of [A-Za-z0-9_-]. Starting again with the same id returns the existing run. Default: a random id. */
  readonly id?: string | undefined;
}

export interface ListRunsOptions extends CallOptions {
  /** Id or name. */
  readonly vm?: string | undefined;
  /** The user who started it. */
  readonly user?: string | undefined;
  /** Text to find in title, command or script. */
  readonly text?: string | undefined;
  /** Runs per request, 1 to 200. Default: 50. */
  readonly pageSize?: number | undefined;
}

/** Commands and scripts on one VM or many, kept with their output. Rejects with OperationError. */
export interface Runs {
  /** Returns the run as soon as it is stored. The daemon may have added a prefix to the given id; see `run.id`. */
  start(options: StartRunOptions): Promise<Run>;
  get(id: string, options?: CallOptions): Promise<Run>;
  /** Yields runs, newest first, without their scripts; further pages are requested as they are consumed. */
  list(options?: ListRunsOptions): AsyncGenerator<Run, void, undefined>;
  /** Yields the run, its output so far, then changes until it has ended, also across restarts of the daemon. */
  watch(id: string, options?: WatchRunOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** Sends TERM to the process tree on every running target, KILL 5 s later. Returns the run as it is now. */
  cancel(id: string, options?: CallOptions): Promise<Run>;
  /** Yields the output of one target kept so far. Must be read to its end, or left by `break`. */
  output(id: string, options?: RunOutputOptions & CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface RunsParts {
  readonly output: Runs['output'];
  /** Converts what a stream of the client threw to an OperationError. */
  readonly toError: (error: unknown) => unknown;
}

/** Implements Runs on RunService, for Node and browsers. */
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

/** Omits undefined fields, which a protobuf message does not accept. */
function given({ argv, environment, ...rest }: SpecOptions) {
  const texts = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...texts, argv: [...(argv ?? [])], environment: { ...environment } };
}

import { randomUUID } from 'node:crypto';
import { create, toJson } from '@bufbuild/protobuf';
import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { type Run, type RunEvent, RunEventSchema, type RunSpec, RunSpecSchema } from '@innkeeper/contract/control';
import { type Log, Semaphore } from '@innkeeper/kit';
import type { RunFilter, RunOutputRow, RunRepository, RunRow, RunTargetRow } from '@innkeeper/store';
import { ActiveRun } from './active-run.ts';
import { cutRow } from './output-log.ts';
import { outputMessage, runMessage, specOf } from './run-message.ts';
import { checkRunSpec, maxRunIdChars, outputBytesOf, titleOf } from './run-spec.ts';
import { watchRun } from './watch-run.ts';

/** Maximum targets that run at the same time, over all runs. */
const maxTargetsAtOnce = 64;
const maxTargets = 1000;
/** Maximum retained output of all targets of a run: the default limit times 1,000 VMs. */
const maxRunBytes = 1024 * 1024 * 1024;
const rowsOfOneRead = 16;

export interface RunManagerOptions {
  readonly runs: RunRepository;
  /** The link to a VM's agent, waiting for it to connect. Fails with VM_NOT_FOUND, VM_NOT_RUNNING, AGENT_UNREACHABLE. */
  readonly agent: (vmId: string, signal: AbortSignal) => Promise<AgentLink>;
  readonly log: Log;
  /** The node that executes the runs. */
  readonly nodeId: string;
  readonly now?: () => number;
  /** Called when a target has ended, before watchers are notified. */
  readonly onTargetEnd?: (run: RunRow, target: RunTargetRow) => Promise<void>;
}

export interface NewRun {
  readonly id: string;
  readonly user: string;
  readonly spec: RunSpec;
  readonly vms: readonly { readonly id: string; readonly name: string }[];
}

/** Commands and scripts on one or many VMs, stored with their output. They survive a restart of the daemon. */
export class RunManager implements AsyncDisposable {
  readonly #options: RunManagerOptions;
  readonly #now: () => number;
  readonly #active = new Map<string, ActiveRun>();
  readonly #following = new Set<Promise<void>>();
  readonly #permits = new Semaphore(maxTargetsAtOnce);
  readonly #stop = new AbortController();
  #lastStartMs = 0;

  constructor(options: RunManagerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Resumes runs of an earlier daemon. */
  async start(): Promise<void> {
    const { runs } = this.#options;
    const rows = await runs.unfinished();
    const targets = Map.groupBy(await runs.targets(rows.map(({ id }) => id)), ({ run_id }) => run_id);
    for (const row of rows) this.#follow(row, targets.get(row.id) ?? []);
  }

  /**
   * Starts a run. Returns the existing one if it has the same id and spec, so that a start can be repeated.
   * @throws OperationError INVALID_ARGUMENT, RUN_ID_TAKEN
   */
  async run({ id, user, spec, vms }: NewRun): Promise<Run> {
    checkRunSpec(spec);
    if (id.length > maxRunIdChars || !/^[A-Za-z0-9_-]*$/.test(id))
      throw new OperationError(
        'INVALID_ARGUMENT',
        `id must have 1 to ${maxRunIdChars} characters of A-Z, a-z, 0-9, "_" and "-".`,
      );
    if (vms.length === 0 || vms.length > maxTargets)
      throw new OperationError('INVALID_ARGUMENT', `A run must have 1 to ${maxTargets} VMs, not ${vms.length}.`);
    if (outputBytesOf(spec) * vms.length > maxRunBytes)
      throw new OperationError(
        'INVALID_ARGUMENT',
        `A run retains at most ${maxRunBytes} bytes of output: lower max_output_bytes, or select fewer VMs.`,
      );
    const row: RunRow = {
      id: id === '' ? randomUUID() : id,
      user_name: user,
      title: titleOf(spec),
      state: 'running',
      spec: JSON.stringify(toJson(RunSpecSchema, spec)),
      started_ms: this.#startMs(),
      ended_ms: null,
      node_id: this.#options.nodeId,
    };
    const targets = vms.map((vm) => newTarget(row.id, vm));
    if (!(await this.#options.runs.insert(row, targets))) return await this.#same(row);
    return this.#follow(row, targets).message();
  }

  /** Fails with RUN_NOT_FOUND. */
  async get(id: string): Promise<Run> {
    const active = this.#active.get(id);
    if (active !== undefined) return active.message();
    const row = await this.#options.runs.find(id);
    if (row === undefined) throw new OperationError('RUN_NOT_FOUND', `There is no run "${id.slice(0, 80)}".`);
    return runMessage(row, await this.#options.runs.targets([id]));
  }

  /** Newest first, with their scripts. */
  async list(filter: RunFilter): Promise<{ runs: Run[]; more: boolean }> {
    const { runs } = this.#options;
    const rows = await runs.list({ ...filter, limit: filter.limit + 1 });
    const shown = rows.slice(0, filter.limit);
    const targets = Map.groupBy(await runs.targets(shown.map(({ id }) => id)), ({ run_id }) => run_id);
    return {
      runs: shown.map((row) => runMessage(row, targets.get(row.id) ?? [])),
      more: rows.length > shown.length,
    };
  }

  /** Cancels a run on all targets. Has no effect on an ended run. */
  async cancel(id: string): Promise<Run> {
    await this.#active.get(id)?.cancel();
    return await this.get(id);
  }

  /** Yields the run, its output so far, then changes, until it has ended. Fails with RUN_NOT_FOUND. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const active = this.#active.get(id);
    if (active !== undefined) return yield* watchRun(active, signal);
    const run = await this.get(id);
    yield create(RunEventSchema, { event: { case: 'run', value: run } });
    for (const { vmId } of run.targets)
      for await (const row of this.output(id, vmId))
        yield create(RunEventSchema, { event: { case: 'output', value: outputMessage(row) } });
  }

  /** Retained output of one target, in order; for a running one, the output so far. */
  async *output(id: string, vmId: string): AsyncGenerator<RunOutputRow> {
    const live = this.#active.get(id)?.targets.get(vmId)?.output;
    for (let offset = 0; ; ) {
      const rows =
        (await live?.read(offset)) ??
        (await this.#options.runs.output(id, vmId, offset, rowsOfOneRead)).flatMap((row) => cutRow(row, offset));
      if (rows.length === 0) return;
      for (const row of rows) {
        offset = row.start_offset + row.data.length;
        yield row;
      }
    }
  }

  /** Releases running runs, which the next daemon resumes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new OperationError('CANCELED', 'The daemon is stopping.'));
    await Promise.all(this.#following);
  }

  /** No two runs begin in the same millisecond, so that a start time identifies the position in a list. */
  #startMs(): number {
    this.#lastStartMs = Math.max(this.#now(), this.#lastStartMs + 1);
    return this.#lastStartMs;
  }

  async #same({ id, user_name, spec }: RunRow): Promise<Run> {
    const row = await this.#options.runs.find(id);
    if (row?.user_name === user_name && row.spec === spec) return await this.get(id);
    throw new OperationError('RUN_ID_TAKEN', `Another run with the id "${id}" already exists.`);
  }

  #follow(row: RunRow, targets: readonly RunTargetRow[]): ActiveRun {
    const { runs, agent, log, onTargetEnd = async () => undefined } = this.#options;
    const run = new ActiveRun({
      runs,
      row,
      targets,
      agent,
      log,
      onTargetEnd,
      now: this.#now,
      spec: specOf(row),
      acquire: (signal) => this.#permits.acquire(signal),
    });
    this.#active.set(row.id, run);
    const following = run.follow(this.#stop.signal).finally(() => {
      if (run.isOver) this.#active.delete(row.id);
      this.#following.delete(following);
    });
    this.#following.add(following);
    return run;
  }
}

function newTarget(runId: string, vm: { readonly id: string; readonly name: string }): RunTargetRow {
  return {
    run_id: runId,
    vm_id: vm.id,
    vm_name: vm.name,
    state: 'waiting',
    exited: null,
    error: null,
    kept_bytes: 0,
    next_offset: 0,
    started_ms: null,
    ended_ms: null,
  };
}

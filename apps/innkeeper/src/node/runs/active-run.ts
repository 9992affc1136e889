import type { AgentLink } from '@innkeeper/agent-client';
import type { Run, RunSpec } from '@innkeeper/contract/control';
import { Listeners, type Log } from '@innkeeper/kit';
import type { RunRepository, RunRow, RunTargetRow } from '@innkeeper/store';
import { type RunStateName, runMessage } from './run-message.ts';
import { TargetRun } from './target-run.ts';

export interface ActiveRunOptions {
  readonly runs: RunRepository;
  readonly row: RunRow;
  readonly targets: readonly RunTargetRow[];
  readonly spec: RunSpec;
  readonly agent: (vmId: string, signal: AbortSignal) => Promise<AgentLink>;
  /** Acquires a permit to run a target; resolves to the function that releases it. */
  readonly acquire: (signal: AbortSignal) => Promise<() => void>;
  readonly log: Log;
  readonly now: () => number;
  readonly onTargetEnd: (run: RunRow, target: RunTargetRow) => Promise<void>;
}

/** A run that has not ended on all targets. */
export class ActiveRun {
  readonly targets: ReadonlyMap<string, TargetRun>;
  /** Emitted when output arrived or a state changed. */
  readonly changes = new Listeners<void>();
  readonly #options: ActiveRunOptions;
  #row: RunRow;
  #version = 0;

  constructor(options: ActiveRunOptions) {
    this.#options = options;
    this.#row = options.row;
    const { runs, spec, log, now } = options;
    this.targets = new Map(
      options.targets.map((row) => [
        row.vm_id,
        new TargetRun({
          runs,
          row,
          spec,
          log,
          now,
          acquire: options.acquire,
          agent: (signal) => options.agent(row.vm_id, signal),
          onEnd: (target) => options.onTargetEnd(options.row, target),
          onOutput: () => this.changes.emit(),
          onChange: () => this.#changed(),
        }),
      ]),
    );
  }

  get isOver(): boolean {
    return this.#row.ended_ms !== null;
  }

  /** Incremented with every change of a state, but not with output. */
  get version(): number {
    return this.#version;
  }

  message(): Run {
    const rows = [...this.targets.values()].map((target) => target.row);
    return runMessage(this.#row, rows, this.#options.spec);
  }

  /** Runs every target until it ends or `signal` is aborted. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.targets.values()].map((target) => target.follow(signal)));
    if (signal.aborted) return;
    const change = { state: this.#outcome(), ended_ms: this.#options.now() };
    try {
      await this.#options.runs.update(this.#row.id, change);
    } catch (error) {
      this.#options.log.error('run.not-written', { run: this.#row.id, message: String(error) });
    }
    this.#row = { ...this.#row, ...change };
    this.#changed();
  }

  async cancel(): Promise<void> {
    await Promise.all([...this.targets.values()].filter((target) => !target.isOver).map((target) => target.cancel()));
  }

  #changed(): void {
    this.#version++;
    this.changes.emit();
  }

  /** The worst state among the targets. */
  #outcome(): RunStateName {
    const states = new Set([...this.targets.values()].map((target) => target.row.state));
    if (states.has('failed')) return 'failed';
    return states.has('canceled') ? 'canceled' : 'succeeded';
  }
}

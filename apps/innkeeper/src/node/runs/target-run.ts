import { setTimeout as delay } from 'node:timers/promises';
import { toJson } from '@bufbuild/protobuf';
import type { AgentLink, ExecSession } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import { type ExecExited, ExecExitedSchema } from '@innkeeper/contract/agent';
import type { RunSpec } from '@innkeeper/contract/control';
import { errorMessage, type Log, linkSignals } from '@innkeeper/kit';
import type { RunRepository, RunTargetRow } from '@innkeeper/store';
import { toOperationError } from '../../ports/failure.ts';
import { cancelGraceMs, endTree, sigkill } from './end-tree.ts';
import { OutputLog } from './output-log.ts';
import type { RunStateName } from './run-message.ts';
import { removeScript, writeScript } from './run-script.ts';
import { outputBytesOf, processId, processSpec, timeoutMsOf } from './run-spec.ts';

/** How long to wait for the agent of a running VM after a restart of the daemon. */
const agentReturnMs = 120_000;
const agentRetryMs = 1000;
/** The guest ends the process at its timeout; after this additional time without a result, the daemon gives up. */
const overtimeMs = 600_000;

export interface TargetRunOptions {
  readonly runs: RunRepository;
  readonly row: RunTargetRow;
  readonly spec: RunSpec;
  readonly agent: (signal: AbortSignal) => Promise<AgentLink>;
  /** Acquires a permit to run a target; resolves to the function that releases it. */
  readonly acquire: (signal: AbortSignal) => Promise<() => void>;
  readonly log: Log;
  readonly now: () => number;
  /** Called with the end, which is stored before watchers are notified. */
  readonly onEnd: (row: RunTargetRow) => Promise<void>;
  /** Called when there is new output. */
  readonly onOutput: () => void;
  /** Called when the state changed. */
  readonly onChange: () => void;
}

/** A run on one VM, from its start, or from the state in which an earlier daemon left it, to its end. */
export class TargetRun {
  readonly output: OutputLog;
  readonly #options: TargetRunOptions;
  /** Aborted from within: cancelled before the start, output that cannot be stored, timeout. */
  readonly #abort = new AbortController();
  /** Aborted when the process has ended, or is no longer followed. */
  readonly #left = new AbortController();
  #row: RunTargetRow;
  #session: ExecSession | undefined;

  constructor(options: TargetRunOptions) {
    this.#options = options;
    this.#row = options.row;
    this.output = new OutputLog({
      runs: options.runs,
      runId: options.row.run_id,
      vmId: options.row.vm_id,
      keptBytes: options.row.kept_bytes,
      nextOffset: options.row.next_offset,
      onMore: options.onOutput,
      maxBytes: outputBytesOf(options.spec),
      onError: (error) => this.#abort.abort(error),
    });
  }

  /** The current state. */
  get row(): RunTargetRow {
    const kept = { kept_bytes: this.output.keptBytes, next_offset: this.output.nextOffset };
    return { ...this.#row, ...kept };
  }

  get isOver(): boolean {
    return this.#row.ended_ms !== null;
  }

  /** Stored immediately, so that a later daemon can resume it. */
  get #isCanceled(): boolean {
    return this.#row.state === 'canceled';
  }

  /** Whether a process may be running in the guest. */
  get #hasBegun(): boolean {
    return this.#row.started_ms !== null;
  }

  /** Runs until the end, or until `signal`: the daemon stops while the process keeps running. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    if (this.isOver) return;
    const linked = linkSignals(signal, this.#abort.signal);
    const both = linked.signal;
    try {
      if (this.#isCanceled && !this.#hasBegun) throw canceled();
      const release = await this.#options.acquire(both);
      try {
        const exited = await this.#followInGuest(signal, both);
        await this.#end(this.#stateAfter(exited), { exited: JSON.stringify(toJson(ExecExitedSchema, exited)) });
      } finally {
        release();
      }
    } catch (error) {
      if (signal.aborted) return await this.output.flush();
      const why = { error: errorText(await this.#explain(error, signal)) };
      // Cancelled before the start: there is nothing else to store.
      await this.#end(this.#isCanceled ? 'canceled' : 'failed', this.#isCanceled && !this.#hasBegun ? {} : why);
    } finally {
      linked.unlink();
    }
  }

  /** Ends the process tree with TERM, then KILL, or prevents the start. Resolves when the cancellation is stored. */
  async cancel(): Promise<void> {
    if (this.isOver || this.#isCanceled || this.#left.signal.aborted) return;
    const noted = this.#update({ state: 'canceled' });
    if (this.#session !== undefined) void this.#endTree(this.#session);
    else if (!this.#hasBegun) this.#abort.abort(canceled());
    await noted;
  }

  async #followInGuest(signal: AbortSignal, both: AbortSignal): Promise<ExecExited> {
    const agent = await this.#agent(both);
    try {
      return await this.#followProcess(agent, both);
    } finally {
      // If this daemon is stopping, the next one still needs it.
      if (this.#options.spec.script !== '' && !signal.aborted) await this.#removeScript(agent);
    }
  }

  async #followProcess(agent: AgentLink, signal: AbortSignal): Promise<ExecExited> {
    await using session = await this.#open(agent, signal);
    this.#session = session;
    const overtime = setTimeout(() => this.#abort.abort(overdue()), this.#remainingMs());
    try {
      if (this.#isCanceled) void this.#endTree(session);
      const exited = await this.#takeEvents(session, signal);
      this.#left.abort();
      if (this.#isCanceled && exited.orphansLeft > 0) {
        // They already got TERM; only the first process ended sooner.
        await delay(cancelGraceMs, undefined, { signal });
        await this.#kill(session);
      }
      return exited;
    } catch (error) {
      // A process whose output cannot be stored must not keep running unobserved.
      if (this.#abort.signal.aborted) await this.#kill(session);
      throw error;
    } finally {
      clearTimeout(overtime);
      this.#left.abort();
    }
  }

  async #takeEvents(session: ExecSession, signal: AbortSignal): Promise<ExecExited> {
    for await (const { event } of session.events) {
      signal.throwIfAborted();
      if (event.case === 'exited') return event.value;
      await this.output.take(event, this.#options.now());
    }
    throw new OperationError('AGENT_UNREACHABLE', 'The connection to the agent ended before the process did.');
  }

  async #open(agent: AgentLink, signal: AbortSignal): Promise<ExecSession> {
    const { spec, row, now } = this.#options;
    // An earlier daemon started it: it must not be started again, even if the agent has forgotten it.
    if (this.#hasBegun) return agent.attach(processId(row.run_id), BigInt(this.output.nextOffset), { signal });
    if (spec.script !== '') await writeScript(agent, row.run_id, spec, signal);
    if (this.#isCanceled) throw canceled();
    // Stored before the start, or a later daemon could start it again.
    await this.#write({ state: 'running', started_ms: now() });
    if (this.#isCanceled) {
      this.#row = { ...this.#row, started_ms: null };
      throw canceled();
    }
    return agent.exec(processSpec(row.run_id, spec), { signal });
  }

  /** Waits for the agent to reconnect, since the process has already been started. */
  async #agent(signal: AbortSignal): Promise<AgentLink> {
    const timeoutMs = this.#hasBegun ? agentReturnMs : 0;
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await this.#options.agent(signal);
      } catch (error) {
        const mayReturn = isOperationError(error) && ['AGENT_UNREACHABLE', 'VM_WRONG_STATE'].includes(error.reason);
        if (!mayReturn || performance.now() >= deadlineMs) throw error;
        await delay(agentRetryMs, undefined, { signal });
      }
    }
  }

  #endTree(session: ExecSession): Promise<void> {
    const onError = (error: unknown): void => this.#log('run.not-ended', error);
    return endTree(session, { signal: this.#left.signal, graceMs: cancelGraceMs, onError });
  }

  async #kill(session: ExecSession): Promise<void> {
    try {
      await session.signal(sigkill);
    } catch (error) {
      // It may keep running; the result of the run is reported anyway.
      this.#log('run.not-ended', error);
    }
  }

  /** A failure to remove the script from /tmp is harmless and only logged. */
  async #removeScript(agent: AgentLink): Promise<void> {
    try {
      await removeScript(agent, this.#row.run_id);
    } catch (error) {
      this.#log('run.script-not-removed', error);
    }
  }

  #remainingMs(): number {
    const { spec, now } = this.#options;
    const runningMs = this.#row.started_ms === null ? 0 : now() - this.#row.started_ms;
    return Math.max(0, timeoutMsOf(spec) + overtimeMs - runningMs);
  }

  #stateAfter(exited: ExecExited): RunStateName {
    if (this.#isCanceled) return 'canceled';
    return exited.status.case === 'exitCode' && exited.status.value === 0 ? 'succeeded' : 'failed';
  }

  /** If the VM or the agent ended meanwhile, that is the reason, not an abort or an unknown id as a consequence. */
  async #explain(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isOperationError(error) || !this.#hasBegun) return error;
    if (error.reason === 'EXEC_NOT_FOUND') return lost(error);
    if (error.reason !== 'CANCELED') return error;
    try {
      await this.#options.agent(signal);
      return lost(error);
    } catch (why) {
      return why;
    }
  }

  async #end(state: RunStateName, change: Partial<RunTargetRow>): Promise<void> {
    await this.output.flush();
    const end = { state, ended_ms: this.#options.now(), ...change };
    await this.#options.onEnd({ ...this.row, ...end });
    await this.#update(end);
    this.#left.abort();
  }

  /** Changes the state in memory, and best effort in the store. */
  async #update(change: Partial<Omit<RunTargetRow, 'run_id' | 'vm_id'>>): Promise<void> {
    try {
      await this.#write(change);
    } catch (error) {
      this.#log('run.not-written', error);
    }
  }

  async #write(change: Partial<Omit<RunTargetRow, 'run_id' | 'vm_id'>>): Promise<void> {
    this.#row = { ...this.#row, ...change };
    this.#options.onChange();
    await this.#options.runs.updateTarget(this.#row.run_id, this.#row.vm_id, change);
  }

  #log(event: string, error: unknown): void {
    const message = errorMessage(error);
    this.#options.log.warn(event, { run: this.#row.run_id, vm: this.#row.vm_name, message });
  }
}

function canceled(): OperationError {
  return new OperationError('CANCELED', 'The run was cancelled.');
}

function overdue(): OperationError {
  return new OperationError(
    'AGENT_UNREACHABLE',
    'The run exceeded its timeout, and the guest did not report how it ended.',
  );
}

function lost(cause: OperationError): OperationError {
  return new OperationError('RUN_LOST', 'The guest no longer knows the process.', { cause });
}

function errorText(error: unknown): string {
  const { reason, message, nextStep } = toOperationError(error);
  return JSON.stringify({ reason, message: message.slice(0, 4096), nextStep });
}

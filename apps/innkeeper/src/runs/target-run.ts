import { toJson } from '@bufbuild/protobuf';
import type { AgentLink, ExecSession } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { type ExecExited, ExecExitedSchema } from '@innkeeper/contract/agent';
import type { RunSpec } from '@innkeeper/contract/control';
import type { Log } from '@innkeeper/kit';
import type { RunRepository, RunTargetRow } from '@innkeeper/store';
import { toOperationError } from '../operations/failure.ts';
import { OutputLog } from './output-log.ts';
import type { RunStateName } from './run-message.ts';
import { processId, processSpec, scriptPath } from './run-spec.ts';

const cancelGraceMs = 5000;
const removeTimeoutMs = 10_000;
const sigterm = 15;
const sigkill = 9;

export interface TargetRunOptions {
  readonly runs: RunRepository;
  readonly row: RunTargetRow;
  readonly spec: RunSpec;
  readonly agent: (signal: AbortSignal) => Promise<AgentLink>;
  readonly log: Log;
  readonly now: () => number;
  readonly onChange: () => void;
}

/** A run on one VM, from its start, or from where an earlier daemon left it, to its end. */
export class TargetRun {
  readonly output: OutputLog;
  readonly #options: TargetRunOptions;
  readonly #abort = new AbortController();
  #row: RunTargetRow;
  #session: ExecSession | undefined;
  #canceled = false;

  constructor(options: TargetRunOptions) {
    this.#options = options;
    this.#row = options.row;
    this.output = new OutputLog({
      ...{ runs: options.runs, runId: options.row.run_id, vmId: options.row.vm_id },
      ...{ keptBytes: options.row.kept_bytes, nextOffset: options.row.next_offset, onMore: options.onChange },
      onError: (error) => this.#abort.abort(error),
    });
  }

  /** As it is now. */
  get row(): RunTargetRow {
    const kept = { kept_bytes: this.output.keptBytes, next_offset: this.output.nextOffset };
    return { ...this.#row, ...kept };
  }

  get isOver(): boolean {
    return this.#row.ended_ms !== null;
  }

  /** Runs it to its end, or until `signal`: the daemon stops, and the process goes on without it. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#abort.signal]);
    try {
      if (this.isOver) return;
      const agent = await this.#options.agent(both);
      const exited = await this.#followProcess(agent, both);
      await this.#end(this.#stateAfter(exited), { exited: JSON.stringify(toJson(ExecExitedSchema, exited)) });
      await this.#removeScript(agent);
    } catch (error) {
      if (signal.aborted) return await this.output.flush();
      const state = this.#canceled ? 'canceled' : 'failed';
      await this.#end(state, this.#canceled ? {} : { error: errorText(error) });
    }
  }

  /** TERM to the whole tree, KILL after a grace. One that has not begun does not begin. */
  async cancel(): Promise<void> {
    this.#canceled = true;
    const session = this.#session;
    if (session === undefined) {
      this.#abort.abort(new OperationError('CANCELED', 'The run was cancelled.'));
      return;
    }
    await session.signal(sigterm);
    const kill = setTimeout(() => {
      session.signal(sigkill).catch((error: unknown) => this.#log('run.not-killed', error));
    }, cancelGraceMs);
    kill.unref();
    this.#abort.signal.addEventListener('abort', () => clearTimeout(kill), { once: true });
  }

  async #followProcess(agent: AgentLink, signal: AbortSignal): Promise<ExecExited> {
    await using session = await this.#open(agent, signal);
    this.#session = session;
    for await (const { event } of session.events) {
      signal.throwIfAborted();
      if (event.case === 'exited') return event.value;
      await this.output.take(event, this.#options.now());
    }
    throw new OperationError('AGENT_UNREACHABLE', 'The process was not followed to its end.');
  }

  async #open(agent: AgentLink, signal: AbortSignal): Promise<ExecSession> {
    const { spec, row, now } = this.#options;
    // It was begun by an earlier daemon: never a second time, even when the agent has forgotten it.
    if (this.#row.state === 'running')
      return agent.attach(processId(row.run_id), BigInt(this.output.nextOffset), { signal });
    if (spec.script !== '') await this.#writeScript(agent, signal);
    await this.#update({ state: 'running', started_ms: now() });
    return agent.exec(processSpec(row.run_id, spec), { signal });
  }

  async #writeScript(agent: AgentLink, signal: AbortSignal): Promise<void> {
    const { spec, row } = this.#options;
    const owner = {
      ...(spec.user === '' ? {} : { user: spec.user }),
      ...(spec.group === '' ? {} : { group: spec.group }),
    };
    const content = Buffer.from(spec.script);
    await agent.writeFile(
      { path: scriptPath(row.run_id), mode: 0o700, noSync: true, sizeBytes: BigInt(content.length), ...owner },
      async function* (offset) {
        yield content.subarray(Number(offset));
      },
      { signal },
    );
  }

  /** A script that stays behind in /tmp harms nobody, so its removal may fail; it is logged. */
  async #removeScript(agent: AgentLink): Promise<void> {
    if (this.#options.spec.script === '') return;
    const signal = AbortSignal.timeout(removeTimeoutMs);
    try {
      await using removal = agent.exec({ argv: ['rm', '-f', scriptPath(this.#row.run_id)] }, { signal });
      for await (const { event } of removal.events) if (event.case === 'exited') break;
    } catch (error) {
      this.#log('run.script-not-removed', error);
    }
  }

  #stateAfter(exited: ExecExited): RunStateName {
    if (this.#canceled) return 'canceled';
    return exited.status.case === 'exitCode' && exited.status.value === 0 ? 'succeeded' : 'failed';
  }

  async #end(state: RunStateName, change: Partial<RunTargetRow>): Promise<void> {
    await this.output.flush();
    await this.#update({ state, ended_ms: this.#options.now(), ...change });
    this.#abort.abort(new OperationError('CANCELED', 'The run is over.'));
  }

  async #update(change: Partial<Omit<RunTargetRow, 'run_id' | 'vm_id'>>): Promise<void> {
    this.#row = { ...this.#row, ...change };
    this.#options.onChange();
    try {
      await this.#options.runs.updateTarget(this.#row.run_id, this.#row.vm_id, change);
    } catch (error) {
      this.#log('run.not-written', error);
    }
  }

  #log(event: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.warn(event, { run: this.#row.run_id, vm: this.#row.vm_name, message });
  }
}

function errorText(error: unknown): string {
  const { reason, message, nextStep } = toOperationError(error);
  return JSON.stringify({ reason, message: message.slice(0, 4096), nextStep });
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FreezeReportSchema, FreezeRequest } from '@innkeeper/contract/agent';
import { HookKind, FreezePhase as Phase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { freezeHookMs, freezeLeaseMs } from '@innkeeper/contract/limits';
import type { Listeners, Log } from '@innkeeper/kit';
import type { FreezeState } from '../freeze-state.ts';
import type { FreezeEnd } from '../freezer.ts';
import type { Host } from '../host.ts';
import { removeRecord, writeRecord } from './freeze-record.ts';
import { FreezeVerdicts } from './freeze-verdicts.ts';
import { describeEnd, FreezerSession } from './freezer-session.ts';
import { describeHook, FreezeHooks, type HookResultInit } from './hooks.ts';

export type FreezeReportInit = MessageInitShape<typeof FreezeReportSchema>;

/** What all freezes of an agent have in common. */
export interface FreezeSurroundings {
  readonly bootId: string;
  /** Emits when a freeze begins or ends, or its lease changes. */
  readonly changes: Listeners;
  /** A hook besides those in their folders. */
  readonly hook?: string | undefined;
}

/** One freeze, from its hooks to its thaw. */
export class GuestFreeze implements FreezeState {
  readonly id: string;
  readonly #host: Host;
  readonly #log: Log;
  readonly #bootId: string;
  readonly #request: FreezeRequest;
  readonly #verdicts: FreezeVerdicts;
  readonly #hooks: FreezeHooks;
  readonly #results: HookResultInit[] = [];
  readonly #changes: Listeners;
  readonly #leaseMs: number;
  #session: FreezerSession | undefined;
  #isCanceled = false;
  #isStopping = false;
  #phase: Phase = Phase.FREEZING;
  #frozen: { readonly atMs: number; readonly unixNs: bigint } | undefined;
  #frozenMs: number | undefined;
  #detail = '';
  /** Resolves when it is frozen; rejects with FREEZE_FAILED. */
  readonly frozen: Promise<void>;
  /** Resolves when everything is over, hooks included. */
  #over: Promise<void> = Promise.resolve();

  /** @throws OperationError MOUNT_NOT_FOUND, FREEZE_FAILED */
  constructor(host: Host, log: Log, options: FreezeSurroundings & { readonly request: FreezeRequest }) {
    const { request, bootId, changes, hook } = options;
    this.#host = host;
    this.#log = log;
    this.#bootId = bootId;
    this.#request = request;
    this.#changes = changes;
    this.id = request.id;
    this.#leaseMs = request.longestLease ? freezeLeaseMs.longest : request.leaseMs || freezeLeaseMs.default;
    this.#verdicts = FreezeVerdicts.of(host, request);
    this.#hooks = new FreezeHooks(host, request.hookTimeoutMs || freezeHookMs.default, { extra: hook });
    this.frozen = this.#freeze();
    // A failure is reported to every caller that awaits it; without one it must not end the agent.
    this.frozen.catch(() => undefined);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get isFrozen(): boolean {
    return this.#session !== undefined;
  }

  get isBusy(): boolean {
    return !this.isOver;
  }

  get leaseLeftMs(): number | undefined {
    return this.#phase === Phase.FROZEN ? this.#session?.leaseLeftMs : undefined;
  }

  /** Whether it has ended, by whatever. */
  get isOver(): boolean {
    return this.#phase === Phase.THAWED || this.#phase === Phase.EXPIRED || this.#phase === Phase.FAILED;
  }

  report(): FreezeReportInit {
    const left = this.leaseLeftMs;
    const frozenMs = this.#frozenMs ?? (this.#frozen && Math.round(this.#nowMs() - this.#frozen.atMs));
    return {
      id: this.id,
      phase: this.#phase,
      ...this.#verdicts.list(),
      frozenCount: this.#frozen === undefined ? 0 : this.#verdicts.frozenCount,
      hooks: [...this.#results],
      ...(left === undefined ? {} : { leaseLeftMs: left }),
      ...(frozenMs === undefined ? {} : { frozenMs }),
      ...(this.#frozen === undefined ? {} : { frozenUnixNs: this.#frozen.unixNs }),
      detail: this.#detail,
    };
  }

  /** Resolves with whether the lease was renewed. */
  async renew(leaseMs: number): Promise<boolean> {
    const renewed = await this.#session?.renew(leaseMs || freezeLeaseMs.default);
    if (renewed === true) this.#changes.emit();
    return renewed === true;
  }

  /** Resolves when all is thawed and the hooks have run. */
  async thaw(): Promise<void> {
    this.#isCanceled = true;
    this.#session?.thaw();
    await this.frozen.catch(() => undefined);
    await this.#over;
  }

  /** For the end of the agent: resolves when all is thawed. The post-thaw hooks are left to the next agent. */
  async stop(): Promise<void> {
    this.#isCanceled = true;
    this.#isStopping = true;
    const session = this.#session;
    if (session === undefined) return;
    session.thaw();
    await session.ended;
  }

  async #freeze(): Promise<void> {
    const { skipHooks, ignoreHookFailures } = this.#request;
    if (!skipHooks) {
      const good = await this.#hooks.runBefore(ignoreHookFailures, (result) => this.#onHook(result));
      if (!good && !ignoreHookFailures) await this.#fail(this.#failedHook());
    }
    if (this.#isCanceled) await this.#fail(describeEnd('thaw'));
    this.#writeRecord();
    this.#host.freezer.holdWrites(true);
    let failure: string | undefined;
    try {
      const session = new FreezerSession(this.#host, this.#verdicts, this.#leaseMs);
      this.#session = session;
      failure = await session.held;
    } catch (error) {
      failure = String(error);
    }
    if (failure !== undefined || this.#session === undefined) {
      this.#release();
      await this.#fail(failure ?? '');
      return;
    }
    this.#frozen = { atMs: this.#nowMs(), unixNs: this.#host.clock.wallTimeNs() };
    this.#become(Phase.FROZEN);
    this.#over = this.#session.ended.then((by) => this.#end(by));
    this.#over.catch((error: unknown) => this.#log.error('freeze.failed', { error: String(error) }));
  }

  async #end(by: FreezeEnd): Promise<void> {
    this.#frozenMs = Math.round(this.#nowMs() - (this.#frozen?.atMs ?? 0));
    this.#release();
    if (by !== 'thaw') this.#detail = describeEnd(by);
    this.#become(Phase.THAWING);
    await this.#runAfter();
    this.#become(by === 'thaw' ? Phase.THAWED : Phase.EXPIRED);
    this.#log.info('freeze.ended', { id: this.id, by, frozenMs: this.#frozenMs });
  }

  #release(): void {
    this.#session = undefined;
    this.#host.freezer.holdWrites(false);
    if (!this.#isStopping) removeRecord(this.#host);
  }

  async #fail(detail: string): Promise<never> {
    this.#detail = detail;
    this.#become(Phase.THAWING);
    await this.#runAfter();
    this.#become(Phase.FAILED);
    throw new OperationError('FREEZE_FAILED', detail);
  }

  async #runAfter(): Promise<void> {
    if (!this.#request.skipHooks && !this.#isStopping) await this.#hooks.runAfter((result) => this.#onHook(result));
  }

  #onHook(result: HookResultInit): void {
    this.#results.push(result);
    this.#log.info('freeze.hook', { result: describeHook(result) });
  }

  #failedHook(): string {
    const failed = this.#results.find(({ kind, exitCode }) => kind === HookKind.PRE_FREEZE && exitCode !== 0);
    return failed === undefined ? '' : `The hook ${describeHook(failed)}`;
  }

  #become(phase: Phase): void {
    this.#phase = phase;
    this.#changes.emit();
  }

  #writeRecord(): void {
    const { skipHooks, hookTimeoutMs } = this.#request;
    writeRecord(this.#host, {
      bootId: this.#bootId,
      agentPid: this.#host.system.pid,
      mountPoints: this.#verdicts.mountPoints,
      hooks: skipHooks ? undefined : [...this.#hooks.started],
      hookTimeoutMs: hookTimeoutMs || freezeHookMs.default,
    });
  }

  #nowMs(): number {
    return this.#host.clock.monotonicMs();
  }
}

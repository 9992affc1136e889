import type { MessageInitShape } from '@bufbuild/protobuf';
import type { NetworkChangeSchema } from '@innkeeper/contract/agent';
import { NetworkPhase as Phase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import type { ChangeRecord, ChangeRecordFile } from './change-record.ts';
import { GatewayWatch } from './gateway-watch.ts';
import { replaceFile, restoreFile } from './guest-file.ts';
import { isDefault, KernelNetwork } from './kernel-network.ts';
import type { NetworkSettings } from './network-settings.ts';
import type { ChangePlan } from './plan-change.ts';
import { runScript } from './run-script.ts';
import { untilApplied } from './until-applied.ts';

/** A manager works on after it has returned, for example with a DHCP server: the kernel is looked at this often. */
const restoreEveryMs = 500;
const restoreTries = 24;
/** So often the manager is left alone with it, before the agent restores what is missing. */
const managerTries = 12;
/** It is done when so often in a row nothing was missing. */
const calmTries = 3;

export interface ChangeContext {
  readonly host: Host;
  readonly log: Log;
  readonly bootId: string;
  readonly untilThawed: () => Promise<void>;
  readonly file: ChangeRecordFile;
}

/** One change of one interface, from its application to its confirmation or roll-back. */
export class NetworkChange {
  readonly record: ChangeRecord;
  readonly #context: ChangeContext;
  readonly #kernel: KernelNetwork;
  #phase: Phase = Phase.APPLYING;
  #detail = '';
  #gateway = '';
  #watch: GatewayWatch | undefined;
  #endsMs = 0;
  #cancelDeadline: () => void = () => undefined;
  #rollingBack: Promise<void> | undefined;
  /** Resolves when it is applied; rejects with NETWORK_FAILED when it could not be and is rolled back. */
  applied: Promise<void> = Promise.resolve();

  constructor(context: ChangeContext, record: ChangeRecord) {
    this.#context = context;
    this.record = record;
    this.#kernel = new KernelNetwork(context.host, record.linkIndex);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get isOver(): boolean {
    return this.#phase === Phase.CONFIRMED || this.#phase === Phase.ROLLED_BACK;
  }

  report(): MessageInitShape<typeof NetworkChangeSchema> {
    const { id, interface: name, files } = this.record;
    const leftMs = Math.max(0, Math.round(this.#endsMs - this.#context.host.clock.monotonicMs()));
    const answers = this.#watch?.answers;
    return {
      id,
      phase: this.#phase,
      interface: name,
      ...(this.#phase === Phase.PENDING ? { confirmLeftMs: leftMs } : {}),
      gateway: this.#gateway,
      ...(answers === undefined ? {} : { gatewayAnswers: answers }),
      files: files.map(({ path }) => path),
      detail: this.#detail,
    };
  }

  /** Begins. @param confirmMs 0: it is kept without a confirmation */
  start(plan: ChangePlan, settings: NetworkSettings, confirmMs: number, watchGateway: boolean): void {
    this.applied = this.#apply(plan, settings, confirmMs, watchGateway);
    // A failure is reported to every caller that awaits it; without one it must not end the agent.
    this.applied.catch(() => undefined);
  }

  /** @throws OperationError NETWORK_ENDED; HostError when the record cannot be removed */
  confirm(): void {
    if (this.#phase === Phase.CONFIRMED) return;
    if (this.#phase !== Phase.PENDING) throw this.endedError();
    this.#context.file.remove();
    this.#stopTimers();
    this.#phase = Phase.CONFIRMED;
    this.#context.log.info('network.confirmed', { id: this.record.id });
  }

  /** Resolves when everything is as before; does not reject. */
  rollBack(detail: string): Promise<void> {
    this.#stopTimers();
    if (this.isOver) return Promise.resolve();
    this.#detail ||= detail;
    this.#rollingBack ??= this.#rollBack();
    return this.#rollingBack;
  }

  /** For the end of the agent: the next one rolls back. */
  stop(): void {
    this.#stopTimers();
  }

  endedError(): OperationError {
    const { id } = this.record;
    const end = this.#phase === Phase.CONFIRMED ? 'was confirmed' : 'was rolled back';
    return new OperationError('NETWORK_ENDED', `The change "${id}" ${end}. ${this.#detail}`.trim());
  }

  async #apply(plan: ChangePlan, settings: NetworkSettings, confirmMs: number, watchGateway: boolean): Promise<void> {
    const { host, log } = this.#context;
    const { interface: name } = settings;
    try {
      await this.#context.file.write(this.record);
      await this.#run(plan.before);
      if (plan.flush) this.#kernel.flush();
      for (const [at, { path, text = '', mode }] of plan.files.entries()) {
        const { data, uid = 0, gid = 0, mode: before } = this.record.files[at] ?? {};
        const owner = { mode: data === undefined ? mode : (before ?? mode), uid, gid };
        await replaceFile(host, path, new TextEncoder().encode(text), owner);
      }
      if (plan.apply === '') this.#kernel.apply(settings);
      const { failure } = await this.#run(plan.apply);
      if (failure !== undefined) throw new Error(failure);
      await untilApplied(host, this.#kernel, settings);
    } catch (error) {
      await this.rollBack(errorMessage(error));
      throw new OperationError('NETWORK_FAILED', `${name} was not changed: ${this.#detail}`);
    }
    this.#gateway =
      settings.ipv4.gateway ||
      settings.ipv6.gateway ||
      (this.#kernel.routes().find((route) => isDefault(route) && route.gateway !== '')?.gateway ?? '');
    this.#phase = Phase.PENDING;
    log.info('network.applied', { id: this.record.id, interface: name });
    if (confirmMs === 0) {
      this.confirm();
      return;
    }
    this.#endsMs = host.clock.monotonicMs() + confirmMs;
    const undo = (why: string) => () => void this.rollBack(why);
    this.#cancelDeadline = host.clock.setTimer(confirmMs, undo(`It was not confirmed within ${confirmMs} ms.`));
    if (watchGateway && this.#gateway !== '')
      this.#watch = new GatewayWatch(
        host,
        this.#kernel,
        this.#gateway,
        undo(`The gateway ${this.#gateway} does not answer.`),
      );
  }

  async #rollBack(): Promise<void> {
    const { host, log, file, untilThawed } = this.#context;
    const { id, before, undo, flush, files } = this.record;
    this.#phase = Phase.ROLLING_BACK;
    try {
      // A frozen disk takes no writes, and its freeze has a deadline of its own.
      await untilThawed();
      await this.#run(before);
      for (const saved of files) await restoreFile(host, saved);
      if (flush && undo !== '' && this.#isSameBoot()) this.#kernel.flush();
      const { failure } = await this.#run(undo);
      if (failure !== undefined) log.warn('network.manager-failed', { id, failure });
      if (this.#isSameBoot()) await this.#restoreKernel();
      file.remove();
      log.warn('network.rolled-back', { id, why: this.#detail });
    } catch (error) {
      // The record stays, so that the next agent tries again.
      this.#detail += ` Not everything could be restored: ${errorMessage(error)}`;
      log.error('network.not-rolled-back', { id, error: String(error) });
    }
    this.#phase = Phase.ROLLED_BACK;
  }

  async #restoreKernel(): Promise<void> {
    const { clock } = this.#context.host;
    const { kernel, undo } = this.record;
    // Nothing else works on the interface.
    if (undo === '') {
      this.#kernel.restore(kernel);
      return;
    }
    for (let tries = 0, calm = 0; tries < restoreTries && calm < calmTries; tries++) {
      if (this.#kernel.isAs(kernel)) calm += 1;
      else {
        calm = 0;
        if (tries >= managerTries) this.#kernel.restore(kernel);
      }
      await new Promise<void>((resolve) => clock.setTimer(restoreEveryMs, resolve));
    }
  }

  /** After a restart of the guest, its manager configures it by the restored files. */
  #isSameBoot(): boolean {
    return this.record.bootId === this.#context.bootId;
  }

  #run(script: string): ReturnType<typeof runScript> {
    if (script === '') return Promise.resolve({ stdout: '', failure: undefined });
    return runScript(this.#context.host, script, this.record.interface);
  }

  #stopTimers(): void {
    this.#cancelDeadline();
    this.#watch?.stop();
  }
}

import type { SetNetworkRequest } from '@innkeeper/contract/agent';
import { NetworkPhase as Phase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { networkConfirmMs } from '@innkeeper/contract/limits';
import type { Log } from '@innkeeper/kit';
import { isAgent } from '../filesystem/freeze-record.ts';
import type { GuestFreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import { ChangeRecordFile } from './change-record.ts';
import { checkChangeId, settingsOf } from './check-request.ts';
import { detectManager, readManagerFacts } from './detect-manager.ts';
import { findLink } from './find-link.ts';
import { saveFile } from './guest-file.ts';
import { KernelNetwork } from './kernel-network.ts';
import { type ChangeContext, NetworkChange } from './network-change.ts';
import { planChange } from './plan-change.ts';

/** The agent's only change of the network: the current one, or the last. */
export class NetworkChanges {
  readonly #context: ChangeContext;
  #current: NetworkChange | undefined;
  /** While a change is checked, before it exists. */
  #planning: string | undefined;

  /** Rolls back what an earlier agent left. @param recordPath of the record, in a folder that may not exist */
  constructor(host: Host, log: Log, options: { bootId: string; freeze: GuestFreezeState; recordPath: string }) {
    const { bootId, freeze, recordPath } = options;
    const untilThawed = async (): Promise<void> => {
      while (freeze.isFrozen) await new Promise<void>((resolve) => onNext(freeze, resolve));
    };
    this.#context = { host, log, bootId, untilThawed, file: new ChangeRecordFile(host, recordPath) };
    this.#recover();
  }

  /** Whether a change is checked, applied or not confirmed. */
  get isPending(): boolean {
    return this.#planning !== undefined || this.#current?.isOver === false;
  }

  get current(): NetworkChange | undefined {
    return this.#current;
  }

  /**
   * Resolves when it is applied.
   * @throws OperationError INVALID_ARGUMENT, INTERFACE_NOT_FOUND, NETWORK_HELD, NETWORK_REFUSED, NETWORK_FAILED, NETWORK_ENDED
   */
  async set(request: SetNetworkRequest): Promise<void> {
    settingsOf(request, '');
    const { id, confirmMs, unconfirmed } = request;
    const current = this.#current;
    if (current?.record.id === id) {
      await current.applied;
      if (current.phase === Phase.ROLLED_BACK) throw current.endedError();
      return;
    }
    const held = this.#planning ?? (current?.isOver === false ? current.record.id : undefined);
    if (held !== undefined) throw new OperationError('NETWORK_HELD', `The change "${held}" is in progress.`);
    this.#planning = id;
    try {
      this.#current = await this.#begin(request, unconfirmed ? 0 : confirmMs || networkConfirmMs.default);
    } finally {
      this.#planning = undefined;
    }
    await this.#current.applied;
  }

  /** @throws OperationError INVALID_ARGUMENT, NETWORK_NOT_PENDING, NETWORK_ENDED */
  async confirm(id: string): Promise<void> {
    const change = this.#find(id);
    await change.applied.catch(() => undefined);
    change.confirm();
  }

  /** Resolves when the earlier network is restored. @throws as `confirm` */
  async rollBack(id: string): Promise<void> {
    const change = this.#find(id);
    await change.applied.catch(() => undefined);
    if (change.phase === Phase.CONFIRMED) throw change.endedError();
    await change.rollBack('It was rolled back on request.');
  }

  stop(): void {
    this.#current?.stop();
  }

  async #begin(request: SetNetworkRequest, confirmMs: number): Promise<NetworkChange> {
    const { host, bootId } = this.#context;
    const { id, temporary, ignoreGateway } = request;
    const link = findLink(host, request.interface);
    const { index, name } = link;
    const settings = settingsOf(request, name);
    const manager = detectManager(readManagerFacts(host, link));
    const plan = await planChange(host, manager, settings, { temporary, index });
    const change = new NetworkChange(this.#context, {
      bootId,
      agentPid: host.system.pid,
      id,
      interface: name,
      linkIndex: index,
      before: plan.before,
      undo: plan.undo,
      flush: plan.flush,
      files: plan.files.map(({ path }) => saveFile(host, path)),
      kernel: new KernelNetwork(host, index).snapshot(),
    });
    change.start(plan, settings, confirmMs, !ignoreGateway);
    return change;
  }

  #recover(): void {
    const { host, file } = this.#context;
    const record = file.read();
    if (record === undefined || (record.bootId === this.#context.bootId && isAgent(host, record.agentPid))) return;
    this.#current = new NetworkChange(this.#context, record);
    void this.#current.rollBack('The agent or the guest was restarted before it was confirmed.');
  }

  #find(id: string): NetworkChange {
    if (id !== '') checkChangeId(id);
    const change = this.#current;
    if (change === undefined || (id === '' && change.isOver)) {
      if (id === '') throw new OperationError('NETWORK_NOT_PENDING', 'No change awaits a confirmation.');
      throw new OperationError('NETWORK_ENDED', `This agent knows no change "${id}".`);
    }
    if (id !== '' && id !== change.record.id)
      throw new OperationError('NETWORK_ENDED', `The change "${id}" is over, and "${change.record.id}" came after it.`);
    return change;
  }
}

/** Calls back once, when a freeze begins or ends. */
function onNext(freeze: GuestFreezeState, callback: () => void): void {
  const remove = freeze.changes.add(() => {
    remove();
    callback();
  });
}

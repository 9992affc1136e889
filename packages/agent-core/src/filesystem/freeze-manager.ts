import type { FreezeRequest } from '@innkeeper/contract/agent';
import { FreezePhase as Phase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { freezeHookMs, freezeLeaseMs, isCallerId, maxNamedMounts } from '@innkeeper/contract/limits';
import type { Log } from '@innkeeper/kit';
import { checkPath } from '../file/check-path.ts';
import type { FreezeState } from '../freeze-state.ts';
import type { Host } from '../host.ts';
import { type FreezeReportInit, type FreezeSurroundings, GuestFreeze } from './guest-freeze.ts';

/** Milliseconds for the thaw and its hooks when the agent stops. */
const stopWithinMs = 500;

/** The agent's only freeze: the current one, or the last. */
export class FreezeManager implements FreezeState {
  readonly #host: Host;
  readonly #log: Log;
  readonly #about: FreezeSurroundings;
  #current: GuestFreeze | undefined;

  constructor(host: Host, log: Log, about: FreezeSurroundings) {
    this.#host = host;
    this.#log = log;
    this.#about = about;
  }

  get isFrozen(): boolean {
    return this.#current?.isFrozen ?? false;
  }

  get isBusy(): boolean {
    return this.#current?.isBusy ?? false;
  }

  get leaseLeftMs(): number | undefined {
    return this.#current?.leaseLeftMs;
  }

  report(): FreezeReportInit {
    return this.#current?.report() ?? {};
  }

  /** @throws OperationError INVALID_ARGUMENT, INVALID_PATH, MOUNT_NOT_FOUND, FREEZE_HELD, FREEZE_FAILED, FREEZE_ENDED */
  async freeze(request: FreezeRequest): Promise<FreezeReportInit> {
    checkRequest(request);
    const current = this.#current;
    if (current !== undefined && current.id === request.id) {
      await current.frozen;
      if (current.isOver) throw endedError(current);
      return current.report();
    }
    if (current !== undefined && !current.isOver)
      throw new OperationError('FREEZE_HELD', `The freeze "${current.id}" is in progress.`);
    const freeze = new GuestFreeze(this.#host, this.#log, { request, ...this.#about });
    this.#current = freeze;
    await freeze.frozen;
    return freeze.report();
  }

  /** @throws OperationError INVALID_ARGUMENT, NOT_FROZEN, FREEZE_ENDED */
  async renew(id: string, leaseMs: number): Promise<FreezeReportInit> {
    checkLease(leaseMs);
    const current = this.#find(id);
    if (!(await current.renew(leaseMs))) throw endedError(current);
    return current.report();
  }

  /** @throws OperationError INVALID_ARGUMENT, NOT_FROZEN, FREEZE_ENDED */
  async thaw(id: string): Promise<FreezeReportInit> {
    const current = this.#find(id);
    await current.thaw();
    if (current.phase === Phase.EXPIRED) throw endedError(current);
    return current.report();
  }

  /** Thaws what is frozen. Resolves within `stopWithinMs`. */
  async stop(): Promise<void> {
    const thawing = this.#current?.stop();
    if (thawing === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#host.clock.setTimer(stopWithinMs, resolve);
      thawing.then(resolve, reject).finally(cancel);
    });
  }

  #find(id: string): GuestFreeze {
    if (id !== '') checkId(id);
    const current = this.#current;
    if (current === undefined || (id === '' && current.phase === Phase.THAWED)) {
      if (id === '') throw new OperationError('NOT_FROZEN', 'Nothing is frozen.');
      throw new OperationError('FREEZE_ENDED', `This agent has no freeze "${id}": it was restarted since.`);
    }
    if (id !== '' && id !== current.id)
      throw new OperationError('FREEZE_ENDED', `The freeze "${id}" has ended, and "${current.id}" came after it.`);
    return current;
  }
}

function endedError(freeze: GuestFreeze): OperationError {
  const { detail, frozenMs } = freeze.report();
  const after = frozenMs === undefined ? '' : ` after ${frozenMs} ms`;
  return new OperationError(
    'FREEZE_ENDED',
    `The guest thawed by itself${after}, so a copy taken meanwhile may be torn. ${detail ?? ''}`.trim(),
  );
}

function checkRequest({ id, mountPoints, leaseMs, hookTimeoutMs }: FreezeRequest): void {
  checkId(id);
  checkLease(leaseMs);
  checkMountPoints(mountPoints);
  if (hookTimeoutMs > freezeHookMs.max)
    throw new OperationError('INVALID_ARGUMENT', `hook_timeout_ms must be at most ${freezeHookMs.max}.`);
}

/** @throws OperationError INVALID_ARGUMENT, INVALID_PATH */
export function checkMountPoints(mountPoints: readonly string[]): void {
  if (mountPoints.length > maxNamedMounts)
    throw new OperationError('INVALID_ARGUMENT', `mount_points must have at most ${maxNamedMounts} entries.`);
  for (const path of mountPoints) checkPath(path);
}

function checkId(id: string): void {
  if (!isCallerId(id))
    throw new OperationError('INVALID_ARGUMENT', 'id must have 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-".');
}

function checkLease(leaseMs: number): void {
  const { min, max } = freezeLeaseMs;
  if (leaseMs !== 0 && (leaseMs < min || leaseMs > max))
    throw new OperationError('INVALID_ARGUMENT', `lease_ms must be ${min} to ${max}, or 0 for the default.`);
}

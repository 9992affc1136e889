import { create } from '@bufbuild/protobuf';
import type {
  FreezeReport,
  FreezeRequest,
  FrozenFilesystem,
  RenewFreezeRequest,
  ThawRequest,
} from '@innkeeper/contract/agent';
import { FreezeReportSchema, FrozenFilesystemSchema } from '@innkeeper/contract/agent';
import { FilesystemVerdict, FreezePhase } from '@innkeeper/contract/agent-lite';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { freezeLeaseMs, maxNamedMounts } from '@innkeeper/contract/limits';
import { pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { cleanUp } from '../foreign/clean-up.ts';
import { wholeOf } from '../foreign/fields.ts';
import { lacks } from '../foreign/refusals.ts';
import type { FreezeRecords } from './freeze-records.ts';
import type { QgaCall, QgaExchanges } from './qga-session.ts';

/** Milliseconds that the agent may take: its hooks and write-back count. */
const freezeTimeoutMs = 270_000;
const thawTimeoutMs = 180_000;
/** Milliseconds between two attempts to thaw a guest whose lease has ended. */
const retryMs = 2_000;
/** Most file systems of a guest. */
const maxCount = 100_000;

interface Held {
  readonly id: string;
  readonly count: number;
  readonly mountPoints: readonly string[];
  readonly sinceMs: number;
  endsMs: number;
}

interface Ended {
  readonly id: string;
  readonly phase: FreezePhase;
  readonly frozenMs: number;
  readonly detail: string;
}

/**
 * Freezes by an agent without leases: qemu-ga freezes until it is told to thaw. So the node holds the lease, thaws at its
 * end, and goes on trying while the agent does not answer. A record outlives the node's process; an orderly end thaws.
 */
export class QgaFreezes {
  readonly #session: QgaExchanges;
  readonly #clock: LinkClock;
  readonly #records: FreezeRecords;
  readonly #over = new AbortController();
  #held: Held | undefined;
  #ended: Ended | undefined;
  #isBusy = false;
  #rescue: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #isResumed = false;

  constructor(session: QgaExchanges, clock: LinkClock, records: FreezeRecords) {
    this.#session = session;
    this.#clock = clock;
    this.#records = records;
  }

  /** Milliseconds until the node thaws; undefined while it holds no freeze. */
  get leaseLeftMs(): number | undefined {
    return this.#held === undefined ? undefined : Math.max(0, Math.round(this.#held.endsMs - this.#clock.nowMs()));
  }

  /** @throws OperationError FILESYSTEM_FROZEN while the node holds a freeze */
  assertThawed(): void {
    if (this.#held !== undefined)
      throw new OperationError('FILESYSTEM_FROZEN', 'The guest’s file systems are frozen: its agent only thaws now.');
  }

  /** The agent was found, again or for the first time. Takes up the freeze of an earlier process. */
  async found(isFrozen: boolean): Promise<void> {
    const record = this.#isResumed ? undefined : await this.#records.load();
    this.#isResumed = true;
    if (record !== undefined && isFrozen) {
      const now = this.#clock.nowMs();
      const endsMs = now + Math.min(freezeLeaseMs.max, record.endsUnixMs - this.#unixMs());
      this.#hold({ id: record.id, count: record.count, mountPoints: [], sinceMs: now, endsMs });
    } else if (record !== undefined) await this.#records.save(undefined);
    if (!isFrozen && this.#held !== undefined && !this.#isBusy)
      await this.#end(
        this.#held,
        FreezePhase.EXPIRED,
        'The guest thawed without the node: its agent or its kernel restarted.',
      );
  }

  /** Fails with FREEZE_HELD, FREEZE_FAILED, UNSUPPORTED_BY_AGENT, INVALID_ARGUMENT. */
  async freeze(request: Partial<FreezeRequest>, signal: AbortSignal): Promise<FreezeReport> {
    const { id = '', mountPoints = [] } = request;
    const leaseMs = leaseOf(request.leaseMs);
    refuseHookOptions(request);
    if (mountPoints.length > maxNamedMounts)
      throw new OperationError('INVALID_ARGUMENT', `At most ${maxNamedMounts} mount points can be named.`);
    if (this.#held?.id === id) return this.report();
    if (this.#held !== undefined || this.#isBusy || this.#rescue !== undefined)
      throw new OperationError('FREEZE_HELD', 'Another freeze of this guest is in progress.');
    this.#isBusy = true;
    let isAsked = false;
    try {
      await this.#records.save({ id, count: 0, endsUnixMs: this.#unixMs() + freezeTimeoutMs + leaseMs });
      const count = await this.#session.exchange(signal, (call) =>
        freezeAll(call, mountPoints, () => {
          isAsked = true;
        }),
      );
      const sinceMs = this.#clock.nowMs();
      await this.#records.save({ id, count, endsUnixMs: this.#unixMs() + leaseMs });
      this.#hold({ id, count, mountPoints, sinceMs, endsMs: sinceMs + leaseMs });
      return this.report();
    } catch (error) {
      // Without its answer nobody knows whether the guest froze; an error of the agent means that it did not.
      const isAnswer =
        isOperationError(error) &&
        !['AGENT_UNREACHABLE', 'GUEST_MISBEHAVES', 'CANCELED', 'DEADLINE_EXCEEDED'].includes(error.reason);
      // Before it was asked to, a guest that is frozen is somebody else's: a thaw would tear that copy.
      if (isAnswer || !isAsked) await this.#records.save(undefined);
      else this.#thawAnyhow();
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Extends the lease. Fails with FREEZE_ENDED, NOT_FROZEN. */
  async renew({ id = '', leaseMs }: Partial<RenewFreezeRequest>, signal: AbortSignal): Promise<FreezeReport> {
    const held = await this.#stillHeld(id, signal);
    const ms = leaseOf(leaseMs);
    await this.#records.save({ id: held.id, count: held.count, endsUnixMs: this.#unixMs() + ms });
    this.#hold({ ...held, endsMs: this.#clock.nowMs() + ms });
    return this.report();
  }

  /** Thaws this freeze, or without an id whatever is frozen. Fails with FREEZE_ENDED, NOT_FROZEN. */
  async thaw({ id = '' }: Partial<ThawRequest>, signal: AbortSignal): Promise<FreezeReport> {
    if (this.#ended?.id === id && this.#ended.phase === FreezePhase.THAWED) return this.report();
    if (id === '' && this.#held === undefined && this.#rescue === undefined) {
      const found = await this.#session.exchange(signal, (call) => thawIfFrozen(call));
      if (found !== undefined)
        return create(FreezeReportSchema, { phase: FreezePhase.THAWED, detail: thawedText(found) });
      throw this.#notHeld(id);
    }
    const held = await this.#stillHeld(id, signal);
    const count = await this.#session.exchange(signal, (call) => thawIfFrozen(call));
    if (count === undefined || count === 0) throw await this.#endedBefore(held);
    await this.#end(held, FreezePhase.THAWED, thawedText(count));
    return this.report();
  }

  /** The freeze that is held, or the last one. */
  report(): FreezeReport {
    const { leaseLeftMs } = this;
    const held = this.#held;
    if (held !== undefined)
      return create(FreezeReportSchema, {
        id: held.id,
        phase: FreezePhase.FROZEN,
        filesystems: frozenOf(held),
        frozenCount: held.count,
        frozenMs: this.#sinceMs(held),
        detail: `${held.count} file systems are frozen. The node thaws them: the agent has no lease.`,
        ...(leaseLeftMs === undefined ? {} : { leaseLeftMs }),
      });
    const { id = '', phase = FreezePhase.UNSPECIFIED, frozenMs, detail = '' } = this.#ended ?? {};
    const rescued = this.#rescue === undefined ? { phase } : { phase: FreezePhase.THAWING };
    return create(FreezeReportSchema, { id, ...rescued, detail, ...(frozenMs === undefined ? {} : { frozenMs }) });
  }

  /** The link ends: nobody would thaw the guest. What cannot be reached now is thawed by the next process. Never rejects. */
  async close(): Promise<void> {
    this.#cancelTimer();
    const held = this.#held;
    if (held !== undefined)
      await cleanUp(async (signal) => {
        await this.#session.call(signal, 'guest-fsfreeze-thaw', {});
        await this.#end(held, FreezePhase.EXPIRED, 'The daemon stopped.');
      });
    this.#over.abort(new OperationError('CANCELED', 'The link to this agent was closed.'));
    await this.#rescue;
  }

  #hold(held: Held): void {
    this.#held = held;
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.setTimer(Math.max(0, held.endsMs - this.#clock.nowMs()), () => {
      this.#ended = this.#endOf(held, FreezePhase.EXPIRED, 'The lease ran out.');
      this.#held = undefined;
      this.#thawAnyhow();
    });
  }

  async #end(held: Held, phase: FreezePhase, detail: string): Promise<void> {
    this.#cancelTimer();
    this.#held = undefined;
    this.#ended = this.#endOf(held, phase, detail);
    await this.#records.save(undefined);
  }

  #endOf(held: Held, phase: FreezePhase, detail: string): Ended {
    return { id: held.id, phase, frozenMs: this.#sinceMs(held), detail };
  }

  /** Thaws, however long the agent does not answer. */
  #thawAnyhow(): void {
    this.#rescue ??= this.#thawUntilDone().finally(() => {
      this.#rescue = undefined;
    });
  }

  async #thawUntilDone(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.#session.call(signal, 'guest-fsfreeze-thaw', {}, { timeoutMs: thawTimeoutMs });
        await this.#records.save(undefined);
        return;
      } catch {
        await pause(this.#clock, retryMs, signal);
      }
    }
  }

  /** The freeze with this id, after the agent said that it lasts. */
  async #stillHeld(id: string, signal: AbortSignal): Promise<Held> {
    const held = this.#held;
    if (held === undefined || (id !== '' && held.id !== id)) throw this.#notHeld(id);
    if ((await this.#session.call(signal, 'guest-fsfreeze-status')) === 'frozen') return held;
    throw await this.#endedBefore(held);
  }

  async #endedBefore(held: Held): Promise<OperationError> {
    await this.#end(held, FreezePhase.EXPIRED, 'Somebody else thawed the guest, or it restarted.');
    return new OperationError(
      'FREEZE_ENDED',
      'The guest is not frozen any more: somebody else thawed it, or it restarted.',
    );
  }

  #notHeld(id: string): OperationError {
    const isEnded = this.#ended?.phase === FreezePhase.EXPIRED && (id === '' || this.#ended.id === id);
    if (isEnded) return new OperationError('FREEZE_ENDED', `The freeze has ended: ${this.#ended?.detail ?? ''}`);
    return new OperationError('NOT_FROZEN', 'No freeze of this guest is held.');
  }

  #sinceMs({ sinceMs }: Held): number {
    return Math.round(this.#clock.nowMs() - sinceMs);
  }

  #unixMs(): number {
    return Number(this.#clock.wallNs() / 1_000_000n);
  }
}

/** Freezes in an exchange that nobody comes between. `onAsk` is called right before the agent is asked to freeze. */
async function freezeAll(call: QgaCall, mountPoints: readonly string[], onAsk: () => void): Promise<number> {
  if ((await call('guest-fsfreeze-status')) === 'frozen')
    throw new OperationError('FREEZE_HELD', 'Somebody else froze this guest. To thaw it: inn thaw.');
  const options = { timeoutMs: freezeTimeoutMs };
  onAsk();
  const answer =
    mountPoints.length === 0
      ? await call('guest-fsfreeze-freeze', {}, options)
      : await call('guest-fsfreeze-freeze-list', { mountpoints: mountPoints }, options);
  const count = wholeOf(answer, 'The number of frozen file systems', maxCount);
  if (count > 0) return count;
  // Its hook has run, and runs again for the thaw.
  await call('guest-fsfreeze-thaw', {}, { timeoutMs: thawTimeoutMs });
  throw new OperationError('FREEZE_FAILED', 'The agent froze no file system.');
}

/** The number of thawed file systems; undefined if nothing was frozen. */
async function thawIfFrozen(call: QgaCall): Promise<number | undefined> {
  if ((await call('guest-fsfreeze-status')) !== 'frozen') return undefined;
  const answer = await call('guest-fsfreeze-thaw', {}, { timeoutMs: thawTimeoutMs });
  return wholeOf(answer, 'The number of thawed file systems', maxCount);
}

function thawedText(count: number): string {
  return `${count} file systems were thawed.`;
}

/** The protocol says how many, not which; where all that were named froze, that is known. */
function frozenOf({ count, mountPoints }: Held): FrozenFilesystem[] {
  if (count !== mountPoints.length) return [];
  return mountPoints.map((mountPoint) =>
    create(FrozenFilesystemSchema, { mountPoint, verdict: FilesystemVerdict.FROZEN }),
  );
}

function leaseOf(leaseMs = 0): number {
  const { min, max, default: usual } = freezeLeaseMs;
  if (leaseMs === 0) return usual;
  if (leaseMs < min || leaseMs > max)
    throw new OperationError('INVALID_ARGUMENT', `A lease is ${min} to ${max} ms, not ${leaseMs}.`);
  return leaseMs;
}

function refuseHookOptions(request: Partial<FreezeRequest>): void {
  const { skipHooks = false, hookTimeoutMs = 0, ignoreHookFailures = false, longestLease = false } = request;
  if (skipHooks || hookTimeoutMs > 0 || ignoreHookFailures)
    throw lacks(
      'qemu-ga runs the hook of the guest by itself: it cannot be left out, timed or ignored',
      'filesystem.freeze',
    );
  if (longestLease) throw lacks('The node holds the lease of this freeze, for an hour at most', 'filesystem.freeze');
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FreezePhase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeLinkClock, settle } from '../native/fake/fake-link-clock.ts';
import type { FreezeRecord } from './freeze-records.ts';
import { QgaFreezes } from './qga-freezes.ts';
import type { QgaCall, QgaExchanges } from './qga-session.ts';

/** A qemu-ga that freezes two file systems, and the record of the freeze. */
class Guest implements QgaExchanges {
  readonly writeBytes = 1;
  isFrozen = false;
  isSilent = false;
  frozenCount = 2;
  /** Freezes, and its answer is lost. */
  losesAnswer = false;
  readonly asked: string[] = [];
  record: FreezeRecord | undefined;
  readonly clock = new FakeLinkClock();
  readonly freezes = this.nextAt(this.clock);

  /** As of a process of the node. */
  nextAt(clock: FakeLinkClock): QgaFreezes {
    return new QgaFreezes(this, clock, {
      load: async () => this.record,
      save: async (record) => {
        this.record = record;
      },
    });
  }

  async exchange<T>(_: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T> {
    return await work((command) => this.#answer(command) as never);
  }

  async call<T = unknown>(_: AbortSignal, command: string): Promise<T> {
    return (await this.#answer(command)) as T;
  }

  async #answer(command: string): Promise<unknown> {
    this.asked.push(command);
    if (this.isSilent) throw new OperationError('AGENT_UNREACHABLE', 'silent');
    if (command.endsWith('status')) return this.isFrozen ? 'frozen' : 'thawed';
    const was = this.isFrozen;
    this.isFrozen = command.includes('freeze-freeze') && this.frozenCount > 0;
    if (this.losesAnswer && this.isFrozen) throw new OperationError('AGENT_UNREACHABLE', 'it closed the connection');
    return command.endsWith('thaw') ? (was ? this.frozenCount : 0) : this.frozenCount;
  }
}

const { signal } = new AbortController();
const freeze = (guest: Guest, more: object = {}) => guest.freezes.freeze({ id: 'a', leaseMs: 60_000, ...more }, signal);

describe('a freeze by qemu-ga, which has no leases', () => {
  it('says how many file systems are frozen and for how long, is thawed with their number, and leaves no record', async () => {
    const guest = new Guest();
    const report = await freeze(guest);
    assert.deepEqual([report.phase, report.leaseLeftMs], [FreezePhase.FROZEN, 60_000]);
    assert.match(report.detail, /^2 file systems are frozen/);
    assert.deepEqual([guest.record?.id, guest.record?.count], ['a', 2]);
    assert.throws(() => guest.freezes.assertThawed(), { reason: 'FILESYSTEM_FROZEN' });
    await guest.clock.advance(1_000);
    const thawed = await guest.freezes.thaw({ id: 'a' }, signal);
    assert.deepEqual(
      [thawed.phase, thawed.frozenMs, thawed.detail],
      [FreezePhase.THAWED, 1_000, '2 file systems were thawed.'],
    );
    assert.deepEqual([guest.isFrozen, guest.record, guest.clock.pendingTimers], [false, undefined, 0]);
    assert.equal((await guest.freezes.thaw({ id: 'a' }, signal)).phase, FreezePhase.THAWED);
    await assert.rejects(guest.freezes.thaw({ id: 'b' }, signal), { reason: 'NOT_FROZEN' });
  });

  it('is thawed by the node when its lease ends, also if the agent does not answer at first; a thaw then fails', async () => {
    const guest = new Guest();
    await freeze(guest);
    guest.isSilent = true;
    await guest.clock.advance(65_000);
    assert.deepEqual([guest.isFrozen, guest.freezes.report().phase], [true, FreezePhase.THAWING]);
    guest.isSilent = false;
    await guest.clock.advance(2_000);
    assert.deepEqual([guest.isFrozen, guest.freezes.report().phase], [false, FreezePhase.EXPIRED]);
    assert.equal(guest.record, undefined);
    await assert.rejects(guest.freezes.thaw({ id: 'a' }, signal), { reason: 'FREEZE_ENDED' });
  });

  it('lasts longer when it is renewed', async () => {
    const guest = new Guest();
    await freeze(guest);
    await guest.clock.advance(50_000);
    assert.equal((await guest.freezes.renew({ id: 'a', leaseMs: 60_000 }, signal)).leaseLeftMs, 60_000);
    await guest.clock.advance(50_000);
    assert.equal(guest.isFrozen, true);
    await guest.clock.advance(10_000);
    assert.equal(guest.isFrozen, false);
  });

  it('whose answer was lost is thawed at once, since nobody knows of it', async () => {
    const guest = new Guest();
    guest.losesAnswer = true;
    await assert.rejects(freeze(guest), { reason: 'AGENT_UNREACHABLE' });
    await settle();
    assert.deepEqual([guest.isFrozen, guest.record], [false, undefined]);
  });

  it('that the agent was never asked for leaves a freeze of somebody else alone', async () => {
    const guest = new Guest();
    guest.isSilent = true;
    await assert.rejects(freeze(guest), { reason: 'AGENT_UNREACHABLE' });
    guest.isSilent = false;
    guest.isFrozen = true;
    await guest.clock.advance(60_000);
    await settle();
    assert.deepEqual([guest.isFrozen, guest.record], [true, undefined]);
    assert.deepEqual(guest.asked, ['guest-fsfreeze-status']);
  });

  it('that froze nothing fails, and its thaw hook runs', async () => {
    const guest = new Guest();
    guest.frozenCount = 0;
    await assert.rejects(freeze(guest), { reason: 'FREEZE_FAILED' });
    assert.deepEqual([guest.asked.at(-1), guest.record], ['guest-fsfreeze-thaw', undefined]);
  });

  it('that somebody else thawed meanwhile has ended: a copy may be torn', async () => {
    const guest = new Guest();
    await freeze(guest);
    guest.isFrozen = false;
    await assert.rejects(guest.freezes.thaw({ id: 'a' }, signal), { reason: 'FREEZE_ENDED' });
    await freeze(guest, { id: 'b' });
    guest.isFrozen = false;
    await guest.freezes.found(false);
    assert.equal(guest.freezes.report().phase, FreezePhase.EXPIRED);
  });

  it('of somebody else is not taken over, but thawed by a thaw without an id', async () => {
    const guest = new Guest();
    guest.isFrozen = true;
    await assert.rejects(freeze(guest), { reason: 'FREEZE_HELD' });
    assert.equal(guest.isFrozen, true);
    assert.match((await guest.freezes.thaw({}, signal)).detail, /^2 file systems/);
    await assert.rejects(guest.freezes.thaw({}, signal), { reason: 'NOT_FROZEN' });
  });

  it('of a node that was killed is ended by the next one, after the rest of its lease', async () => {
    const guest = new Guest();
    await freeze(guest);
    // The killed process's timer never fires.
    const killed = new FakeLinkClock();
    await killed.advance(20_000);
    const next = guest.nextAt(killed);
    await next.found(true);
    assert.equal(next.report().leaseLeftMs, 40_000);
    await killed.advance(40_000);
    assert.deepEqual([guest.isFrozen, guest.record], [false, undefined]);
  });

  it('ends with the link, and a guest that cannot be reached then is left to the next process', async () => {
    const guest = new Guest();
    await freeze(guest);
    await guest.freezes.close();
    assert.deepEqual([guest.isFrozen, guest.record], [false, undefined]);
    const lost = new Guest();
    await freeze(lost);
    lost.isSilent = true;
    await lost.freezes.close();
    assert.equal(lost.record?.id, 'a');
  });

  it('refuses a second freeze, hooks that it cannot influence, and a lease that is too long', async () => {
    const guest = new Guest();
    for (const [more, reason] of [
      [{ skipHooks: true }, 'UNSUPPORTED_BY_AGENT'],
      [{ longestLease: true }, 'UNSUPPORTED_BY_AGENT'],
      [{ leaseMs: 3_600_001 }, 'INVALID_ARGUMENT'],
    ] as const)
      await assert.rejects(freeze(guest, more), { reason });
    await freeze(guest);
    await assert.rejects(freeze(guest, { id: 'b' }), { reason: 'FREEZE_HELD' });
    assert.equal((await freeze(guest)).id, 'a');
    assert.equal(guest.asked.filter((command) => command.includes('freeze-freeze')).length, 1);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { openStore, type Store } from '@innkeeper/store';
import { ManualAccessClock } from '../access/testing/manual-access-clock.ts';
import { auditMessage } from './audit-message.ts';
import { CoalescedCalls } from './coalesced-calls.ts';
import { closeCoalesced } from './interrupted.ts';
import { listOpenEntries, withoutWritten } from './open-entries.ts';

const call = {
  caller: { name: 'ann', via: 'session', address: '192.0.2.1' },
  action: 'GuestProcessService/List',
  vm: { id: 'w', name: 'web-1' },
  result: 'ok',
} as const;

async function withStore(test: (store: Store, clock: ManualAccessClock) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-coalesced-'));
  try {
    await using store = await openStore(join(folder, 'innkeeper.db'));
    await test(store, new ManualAccessClock());
  } finally {
    await rm(folder, { recursive: true });
  }
}

const countsOf = async (store: Store) =>
  (await store.audit.list({ limit: 5000 }))
    .map(auditMessage)
    .map(({ count, result, vmName }) => [vmName, count, result]);

describe('reads that share an entry of the audit', () => {
  it('37 reads within 10 minutes write nothing, then one entry with their number and the times of the first and last', () =>
    withStore(async (store, clock) => {
      await using calls = new CoalescedCalls({ store, log: silentLog, clock });
      const firstMs = clock.nowMs();
      for (let index = 0; index < 37; index++) {
        calls.count(call);
        clock.advance(10_000);
      }
      assert.deepEqual(await store.audit.list({ limit: 10 }), []);
      clock.advance(230_000);
      await calls.flush();
      const [entry, ...others] = (await store.audit.list({ limit: 10 })).map(auditMessage);
      assert.deepEqual(others, []);
      assert.ok(entry);
      assert.deepEqual([entry.count, entry.user, entry.result], [37, 'ann', 'ok']);
      assert.deepEqual(
        [entry.firstUnixNs, entry.timeUnixNs].map((timeNs) => Number((timeNs ?? 0n) / 1_000_000n) - firstMs),
        [0, 360_000],
      );
    }));

  it('reads after 10 minutes, of another VM, by another user or with another result have entries of their own', () =>
    withStore(async (store, clock) => {
      await using calls = new CoalescedCalls({ store, log: silentLog, clock });
      calls.count(call);
      clock.advance(600_000);
      for (const other of [
        call,
        { ...call, vm: { id: 'd', name: 'db' } },
        { ...call, caller: { ...call.caller, name: 'bob' } },
        { ...call, result: 'PRIVILEGE_MISSING' },
      ])
        for (let count = 0; count < 2; count++) calls.count(other);
      await calls.flush();
      assert.deepEqual((await countsOf(store)).reverse(), [
        ['web-1', 1, 'ok'],
        ['web-1', 2, 'ok'],
        ['db', 2, 'ok'],
        ['web-1', 2, 'ok'],
        ['web-1', 2, 'PRIVILEGE_MISSING'],
      ]);
      assert.equal((await store.audit.verify()).brokenAtId, undefined);
    }));

  it('counts that a killed daemon had saved become entries of the next one, those of a stopped one at its stop', () =>
    withStore(async (store, clock) => {
      const killed = new CoalescedCalls({ store, log: silentLog, clock });
      for (let index = 0; index < 5; index++) killed.count(call);
      killed.count({ ...call, result: 'AGENT_UNREACHABLE' });
      await killed.save();
      // Lost: not saved yet.
      killed.count(call);
      await closeCoalesced(store, silentLog);
      assert.deepEqual((await countsOf(store)).reverse(), [
        ['web-1', 5, 'ok'],
        ['web-1', 1, 'AGENT_UNREACHABLE'],
      ]);
      await using stopped = new CoalescedCalls({ store, log: silentLog, clock });
      stopped.count({ ...call, vm: { id: 'd', name: 'db' } });
      await stopped[Symbol.asyncDispose]();
      assert.deepEqual((await countsOf(store))[0], ['db', 1, 'ok']);
    }));

  it('another process with the same database lists what is being counted, by every condition of a search', () =>
    withStore(async (store, clock) => {
      await using calls = new CoalescedCalls({ store, log: silentLog, clock });
      calls.count(call);
      clock.advance(10_000);
      await until(async () => (await listOpenEntries(store, {})).length === 1);
      calls.count(call);
      calls.count({ ...call, vm: { id: 'd', name: 'db' }, result: 'AGENT_UNREACHABLE' });
      clock.advance(10_000);
      const listed = async (query: Parameters<typeof listOpenEntries>[1]) =>
        (await listOpenEntries(store, query)).map(auditMessage).map(({ id, vmName, count }) => [id, vmName, count]);
      const [web, db] = [
        [0n, 'web-1', 2],
        [0n, 'db', 1],
      ];
      await until(async () => (await listed({})).length === 2);
      for (const query of [{ vm: 'w' }, { vm: 'web-1' }, { result: 'ok' }, { words: ['"coalesced_calls":2'] }])
        assert.deepEqual(await listed(query), [web], JSON.stringify(query));
      for (const query of [{ vm: 'd' }, { result: 'failed' }, { result: 'AGENT_UNREACHABLE' }])
        assert.deepEqual(await listed(query), [db], JSON.stringify(query));
      for (const query of [{ user: 'ann' }, { action: 'GuestProcess' }, { sinceMs: clock.nowMs() - 10_000 }])
        assert.equal((await listed(query)).length, 2, JSON.stringify(query));
      for (const query of [{ user: 'bob' }, { action: 'List' }, { beforeId: 9 }, { untilMs: clock.nowMs() - 10_000 }])
        assert.deepEqual(await listed(query), [], JSON.stringify(query));
      const open = await listOpenEntries(store, {});
      await calls.flush();
      assert.deepEqual(await listed({}), []);
      // Written between the reading of the open ones and of the others.
      assert.deepEqual(withoutWritten(open, await store.audit.list({ limit: 10 })), []);
    }));

  it('at most 1,000 entries are open; beyond them, the oldest is written', () =>
    withStore(async (store, clock) => {
      await using calls = new CoalescedCalls({ store, log: silentLog, clock });
      for (let index = 0; index < 1_003; index++) calls.count({ ...call, vm: { id: `${index}`, name: `vm-${index}` } });
      await calls.save();
      assert.deepEqual(
        (await countsOf(store)).map(([name]) => name),
        ['vm-2', 'vm-1', 'vm-0'],
      );
    }));
});

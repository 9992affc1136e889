import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { NetworkReportSchema, NetworkPhase as Phase } from '@innkeeper/contract/agent';
import { checkConfirmed, checkNetwork, checkRolledBack, checkSet } from './network-claims.ts';

const report = (init: MessageInitShape<typeof NetworkReportSchema>) => create(NetworkReportSchema, init);
const misbehaves = { reason: 'GUEST_MISBEHAVES' };

describe('what a guest says of its network', () => {
  it('a guest that confirms another change, or one that is not confirmed, misbehaves', () => {
    const good = { id: 'a', phase: Phase.CONFIRMED };
    checkConfirmed({ id: 'a' }, report({ change: good }));
    checkConfirmed({}, report({ change: good }));
    for (const change of [{ ...good, id: 'b' }, { ...good, phase: Phase.PENDING }, undefined])
      assert.throws(() => checkConfirmed({ id: 'a' }, report(change === undefined ? {} : { change })), misbehaves);
    checkRolledBack({ id: 'a' }, report({ change: { ...good, phase: Phase.ROLLED_BACK } }));
    assert.throws(() => checkRolledBack({ id: 'a' }, report({ change: good })), misbehaves);
    checkSet({ id: 'a' }, report({ change: { ...good, phase: Phase.PENDING, confirmLeftMs: 5000 } }));
    assert.throws(() => checkSet({ id: 'a' }, report({ change: { ...good, phase: Phase.APPLYING } })), misbehaves);
  });

  it('a report with more interfaces, addresses, routes, name servers or time than possible is refused', () => {
    const many = (count: number): string[] => Array<string>(count).fill('x');
    checkNetwork(
      report({ interfaces: [{ addresses: many(64) }], dns: many(16), change: { confirmLeftMs: 3_600_000 } }),
    );
    for (const wrong of [
      { interfaces: many(65).map((name) => ({ name })) },
      { interfaces: [{ addresses: many(65) }] },
      { interfaces: [{ routes: many(65).map((destination) => ({ destination })) }] },
      { dns: many(17) },
      { search: many(17) },
      { change: { files: many(65) } },
      { change: { confirmLeftMs: 3_600_001 } },
    ])
      assert.throws(() => checkNetwork(report(wrong)), misbehaves, JSON.stringify(wrong).slice(0, 80));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { FreezePhase, FreezeReportSchema, TrimResponseSchema } from '@innkeeper/contract/agent';
import { checkFrozen, checkReport, checkThawed, checkTrimmed } from './freeze-claims.ts';

const report = (init: MessageInitShape<typeof FreezeReportSchema>) => create(FreezeReportSchema, init);
const misbehaves = { reason: 'GUEST_MISBEHAVES' };

describe('what a guest says of a freeze', () => {
  it('a guest that answers a freeze with another one, or without being frozen, misbehaves', () => {
    const good = { id: 'a', phase: FreezePhase.FROZEN, leaseLeftMs: 5 };
    checkFrozen({ id: 'a' }, report(good));
    // Renew without an id is about the present freeze.
    checkFrozen({}, report(good));
    for (const wrong of [{ id: 'b' }, { phase: FreezePhase.THAWED }, { phase: FreezePhase.UNSPECIFIED }])
      assert.throws(() => checkFrozen({ id: 'a' }, report({ ...good, ...wrong })), misbehaves);
    assert.throws(() => checkFrozen({ id: 'a' }, report({ id: 'a', phase: FreezePhase.FROZEN })), misbehaves);
  });

  it('a guest that answers a thaw while frozen, or for another freeze, misbehaves', () => {
    checkThawed({ id: 'a' }, report({ id: 'a', phase: FreezePhase.THAWED }));
    checkThawed({}, report({ id: 'b', phase: FreezePhase.THAWED }));
    assert.throws(() => checkThawed({}, report({ id: 'a', phase: FreezePhase.FROZEN })), misbehaves);
    assert.throws(() => checkThawed({ id: 'a' }, report({ id: 'b', phase: FreezePhase.THAWED })), misbehaves);
  });

  it('lists and leases beyond the limits are refused', () => {
    checkReport(report({ filesystems: Array(128).fill({}), hooks: Array(64).fill({}), leaseLeftMs: 0x7fff_ffff }));
    assert.throws(() => checkReport(report({ filesystems: Array(129).fill({}) })), misbehaves);
    assert.throws(() => checkReport(report({ hooks: Array(65).fill({}) })), misbehaves);
    assert.throws(() => checkReport(report({ leaseLeftMs: 0x8000_0000 })), misbehaves);
    assert.throws(() => checkTrimmed({}, create(TrimResponseSchema, { filesystems: Array(129).fill({}) })), misbehaves);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentState } from '@innkeeper/contract/control';
import { succeed, timeout, wanted, withImage } from '../fake/operate.ts';
import { testHost } from '../fake/test-node.ts';
import { createVm } from './create-vm.ts';
import { vmMessage, vmSummary } from './vm-message.ts';

describe('a VM whose agent is lost', () => {
  it('the figures of a lost agent are absent, the time of its last report stays, and new ones come with it', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, wanted));
    const runner = test.node.get('one');
    await runner.until(() => runner.agent.telemetry !== undefined, timeout);
    const link = test.links.get('one');
    assert.ok(link);
    link.clockOffsetNs = 60_000_000_000n;
    link.connect();
    assert.ok(vmMessage(runner).agent?.clockOffsetNs !== undefined);
    link.lose('it stopped answering');
    // One that was on its way.
    link.report();
    const vm = vmMessage(runner);
    assert.deepEqual([vm.agent?.state, vm.telemetry, vm.agent?.clockOffsetNs], [AgentState.LOST, undefined, undefined]);
    assert.ok(vm.agent?.telemetryUnixNs !== undefined);
    assert.equal(vmSummary(runner).telemetry, undefined);
    link.connect();
    assert.equal(vmMessage(runner).telemetry?.cpu?.busyPercent, 12.5);
    await test.stop();
  });

  it('the figures of a paused VM are absent, since its CPUs do nothing', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, wanted));
    const runner = test.node.get('one');
    await runner.until(() => runner.agent.telemetry !== undefined, timeout);
    await runner.running?.pause();
    await runner.until(() => vmMessage(runner).agent?.state === AgentState.PAUSED, timeout);
    assert.equal(vmMessage(runner).telemetry, undefined);
    await test.stop();
  });
});

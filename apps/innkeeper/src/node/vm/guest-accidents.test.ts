import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentState, VmState } from '@innkeeper/contract/control';
import { suspendedText } from '@innkeeper/hypervisor';
import { until } from '@innkeeper/kit/testing';
import { seesEverything } from '../../access/viewer.ts';
import { succeed, timeout, wanted, withImage } from '../fake/operate.ts';
import { startTestNode, testHost } from '../fake/test-node.ts';
import { listVms } from '../fleet/list-vms.ts';
import { createLocalNode } from '../local-node.ts';
import { createVm } from './create-vm.ts';
import { diagnose } from './diagnose.ts';
import { vmMessage, vmSummary } from './vm-message.ts';
import { wakeVm } from './wake-vm.ts';

async function runningVm(at: Awaited<ReturnType<typeof testHost>>) {
  const test = await withImage(at.folder, at.host, { driver: { boot: () => async () => undefined, bootMs: 0 } });
  await succeed(test, createVm(test.node, wanted));
  const runner = test.node.get('one');
  const machine = at.host.machine(runner.row.id);
  assert.ok(machine);
  return { test, runner, machine };
}

describe('accidents of a guest', () => {
  it('a guest that panicked is named by its state, its events and its diagnosis, until it is reset', async () => {
    await using at = await testHost();
    const { test, runner, machine } = await runningVm(at);
    machine.consoleOutput.emit(Buffer.from('[ 1.0] Kernel panic - not syncing: Attempted to kill init!\r\n'));
    await runner.until(() => runner.life.detail !== '', timeout);
    const panic = 'The guest’s kernel panicked: Attempted to kill init!';
    assert.deepEqual([vmMessage(runner).state, vmMessage(runner).stateDetail], [VmState.RUNNING, panic]);
    assert.deepEqual([vmMessage(runner).panicked, vmSummary(runner).panicked], [true, true]);
    assert.match((await diagnose(runner)).conclusion, /kernel panicked: Attempted/);
    machine.reset();
    await runner.until(() => runner.life.detail === '', timeout);
    assert.equal(vmMessage(runner).panicked, false);
    const kinds = async () => (await test.node.context.store.events.list(undefined, 100)).map(({ kind }) => kind);
    await until(async () => (await kinds()).includes('vm.reset'));
    assert.ok((await kinds()).includes('vm.panicked'));
    await test.stop();
  });

  it('a guest that panicked is found as such by "state:panicked", and by the next daemon', async () => {
    await using at = await testHost();
    const { test, runner, machine } = await runningVm(at);
    const found = (filter: string) => {
      const request = { filter, sort: '', pageSize: 0, offset: 0 };
      return listVms(createLocalNode(test.node).fleet, request, seesEverything).entries.map(({ vm }) => vm.name);
    };
    assert.deepEqual([found('state:panicked'), found('state:running')], [[], ['one']]);
    machine.consoleOutput.emit(Buffer.from('[ 1.0] Kernel panic - not syncing: Attempted to kill init!\r\n'));
    await runner.until(() => vmMessage(runner).panicked, timeout);
    assert.deepEqual([found('state:panicked'), found('state:running')], [['one'], ['one']]);
    await test.stop();
    const after = await startTestNode(at.folder, at.host, { agents: false });
    const { state, panicked, stateDetail } = vmMessage(after.node.get('one'));
    assert.deepEqual([state, panicked], [VmState.RUNNING, true]);
    assert.match(stateDetail, /Attempted to kill init/);
    // The guest was reset while no daemon ran.
    after.links.get('one')?.connect();
    await after.node.get('one').until(() => !vmMessage(after.node.get('one')).panicked, timeout);
    await after.stop();
  });

  it('a hypervisor process that a signal stopped is shown as paused at the next sample, until it continues', async () => {
    await using at = await testHost();
    const { test, runner, machine } = await runningVm(at);
    machine.isStopped = true;
    runner.sampleUsage(1);
    await runner.until(() => runner.life.state === 'paused', timeout);
    assert.match(vmMessage(runner).stateDetail, /A signal stopped the hypervisor’s process.*kill -CONT/);
    assert.equal(vmMessage(runner).agent?.state, AgentState.PAUSED);
    machine.isStopped = false;
    runner.sampleUsage(2);
    await runner.until(() => runner.life.state === 'running', timeout);
    await test.stop();
  });

  it('the disk counters of a hypervisor that stopped answering are absent, not those of its last answer', async () => {
    await using at = await testHost();
    const { test, runner, machine } = await runningVm(at);
    machine.diskUsage = { readBytes: 7n, writtenBytes: 9n };
    let ms = 0;
    const disk = () => {
      runner.sampleUsage(++ms);
      return runner.usage?.disk;
    };
    await until(() => disk()?.readBytes === 7n);
    machine.isStopped = true;
    await until(() => disk() === undefined);
    assert.equal(disk(), undefined);
    await test.stop();
  });

  it('a guest that is suspended is shown as such, is not woken by free space of the host, and is woken on request', async () => {
    await using at = await testHost();
    const { test, runner, machine } = await runningVm(at);
    const vm = () => vmMessage(runner);
    machine.pause(suspendedText);
    await runner.until(() => runner.life.state === 'paused', timeout);
    assert.deepEqual([vm().suspended, vm().agent?.state], [true, AgentState.PAUSED]);
    await test.node.resumeStarved();
    assert.equal(vm().suspended, true);
    await wakeVm(runner, { signal: timeout });
    assert.deepEqual([vm().suspended, vm().state], [false, VmState.RUNNING]);
    // It runs already.
    await wakeVm(runner, { signal: timeout });
    machine.pause('The host has no space left.');
    await runner.until(() => runner.life.state === 'paused', timeout);
    await assert.rejects(wakeVm(runner, { signal: timeout }), { reason: 'VM_WRONG_STATE' });
    await test.stop();
  });
});

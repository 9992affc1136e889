import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract';
import { AgentState, VmState } from '@innkeeper/contract/control';
import { createDeferred } from '@innkeeper/kit';
import type { OperationRow } from '@innkeeper/store';
import { done, reasonOf, succeed, timeout, wanted, withImage } from './fake/operate.ts';
import { startTestNode, testHost } from './fake/test-node.ts';
import { createVm } from './vm/create-vm.ts';
import { diagnose } from './vm/diagnose.ts';
import { vmMessage } from './vm/vm-message.ts';
import { deleteVm, killVm, startVm, stopVm } from './vm/vm-operations.ts';

describe('a VM', () => {
  it('a VM is created, started, described with its agent, stopped by the agent and deleted', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { node } = test;
    await succeed(test, createVm(node, wanted));
    const runner = node.get('one');
    await runner.until(() => runner.agent.system !== undefined && runner.agent.telemetry !== undefined, timeout);
    const vm = vmMessage(runner);
    assert.equal(vm.state, VmState.RUNNING);
    assert.equal(vm.agent?.state, AgentState.CONNECTED);
    assert.equal(vm.system?.osPrettyName, 'Fake 1');
    assert.equal(vm.telemetry?.cpu?.busyPercent, 12.5);
    assert.equal(
      (await diagnose(runner)).conclusion,
      'No process in the guest has org.innkeeper.agent.0 open: the guest is still booting, or its agent did not start. See the last lines of the console below, and check the service "innkeeper-agent" in the guest.',
    );
    await succeed(test, stopVm(node, 'one', 60_000));
    assert.equal(vmMessage(runner).state, VmState.STOPPED);
    assert.equal(vmMessage(runner).telemetry, undefined);
    await succeed(test, deleteVm(node, 'one', false));
    assert.equal(node.find('one'), undefined);
    assert.deepEqual(await readdir(`${at.folder.path}/vms`), []);
    const events = (await node.context.store.events.list(undefined, 100)).map(({ kind }) => kind).reverse();
    assert.deepEqual(events.slice(0, 4), ['vm.created', 'vm.starting', 'agent.waiting', 'agent.connected']);
    assert.ok(events.includes('vm.running'));
    assert.equal(events.at(-1), 'vm.deleted');
    await test.stop();
  });

  it('a VM is stopped by the power button when the agent refuses, and killed when the guest ignores that', async () => {
    await using at = await testHost();
    const booted = createDeferred<void>();
    const boot = async (guest: { onPowerButton(listener: () => void): unknown }): Promise<void> => {
      guest.onPowerButton(() => undefined);
      booted.resolve();
    };
    const test = await withImage(at.folder, at.host, { driver: { boot: () => boot, bootMs: 0 } });
    await succeed(test, createVm(test.node, wanted));
    const link = test.links.get('one');
    assert.ok(link);
    await booted.promise;
    link.onShutdown = () => Promise.reject(new OperationError('SHUTDOWN_FAILED', 'no'));
    const begun = await stopVm(test.node, 'one', 20);
    const row = await test.operations.finished(begun.id, timeout);
    assert.equal(row.state, 'succeeded');
    const [step, note] = JSON.parse(row.log).slice(-2);
    assert.equal(step, 'killing the hypervisor');
    assert.match(note, /^note: killed: The guest did not shut down in time \(0\.02 s\).*--timeout/);
    assert.match(vmMessage(test.node.get('one')).stateDetail, /--timeout/);
    const [stopped] = (await test.node.context.store.events.list(undefined, 100)).filter(
      ({ kind }) => kind === 'vm.stopped',
    );
    assert.match(stopped?.message ?? '', /did not shut down in time/);
    const again = await test.operations.finished((await stopVm(test.node, 'one', 20)).id, timeout);
    assert.doesNotMatch(again.log, /killed/);
    await test.stop();
  });

  it('a paused VM is stopped by its agent, which is asked once the guest runs again', async () => {
    await using at = await testHost();
    const boot = async (guest: { onPowerButton(listener: () => void): unknown }): Promise<void> => {
      guest.onPowerButton(() => undefined);
    };
    const test = await withImage(at.folder, at.host, { driver: { boot: () => boot, bootMs: 0 } });
    await succeed(test, createVm(test.node, wanted));
    const runner = test.node.get('one');
    await runner.running?.pause();
    await runner.until(() => vmMessage(runner).agent?.state === AgentState.PAUSED, timeout);
    const link = test.links.get('one');
    assert.ok(link);
    const asked = createDeferred<void>();
    link.onShutdown = async () => asked.resolve();
    const stop = await stopVm(test.node, 'one', 60_000);
    await asked.promise;
    await runner.running?.kill();
    await test.operations.finished(stop.id, timeout);
    assert.equal(vmMessage(runner).state, VmState.STOPPED);
    await test.stop();
  });

  it('a VM that is stopped while it boots is asked by its agent as soon as that connects', async () => {
    await using at = await testHost();
    const boot = async (guest: { onPowerButton(listener: () => void): unknown }): Promise<void> => {
      guest.onPowerButton(() => undefined);
    };
    const test = await withImage(at.folder, at.host, { driver: { boot: () => boot, bootMs: 0 } });
    await succeed(test, createVm(test.node, wanted));
    const link = test.links.get('one');
    assert.ok(link);
    link.lose('it is booting');
    const asked = createDeferred<void>();
    link.onShutdown = async () => asked.resolve();
    const stop = await stopVm(test.node, 'one', 60_000);
    const runner = test.node.get('one');
    await runner.until(() => runner.life.state === 'stopping', timeout);
    link.connect();
    await asked.promise;
    await runner.running?.kill();
    await test.operations.finished(stop.id, timeout);
    await test.stop();
  });

  it('invalid requests for a VM are refused with a reason', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { node } = test;
    const bad = (change: object): Promise<OperationRow> => createVm(node, { ...wanted, ...change });
    for (const name of ['', 'A', '-a', 'a-', 'a'.repeat(64), '../x', 'a\n']) {
      await assert.rejects(bad({ name }), { reason: 'INVALID_NAME' });
    }
    await assert.rejects(bad({ image: 'none' }), { reason: 'IMAGE_NOT_FOUND' });
    await assert.rejects(bad({ cpus: 65 }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(bad({ memoryBytes: 1n }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(bad({ diskBytes: 1n }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(bad({ memoryBytes: 2n ** 63n }), { reason: 'INVALID_ARGUMENT' });
    const first = createVm(node, wanted);
    await assert.rejects(createVm(node, wanted), { reason: 'VM_NAME_TAKEN' });
    await succeed(test, first);
    await assert.rejects(deleteVm(node, 'one', false), { reason: 'VM_WRONG_STATE' });
    assert.throws(() => startVm(node, 'two'), { reason: 'VM_NOT_FOUND' });
    const stop = await stopVm(node, 'one', 60_000);
    await assert.rejects(startVm(node, 'one'), { reason: 'VM_BUSY' });
    await test.operations.finished(stop.id, timeout);
    await test.stop();
  });

  it('a VM is created without an agent when none can be installed, and reports why', async () => {
    await using at = await testHost();
    const refusal = { ok: false, reason: 'IMAGE_NOT_EXT4', detail: 'It has XFS.', nextStep: 'Install it.' } as const;
    const images = { prepareBase: async () => refusal };
    const test = await withImage(at.folder, at.host, { images, agents: false });
    await succeed(test, createVm(test.node, wanted));
    assert.equal(vmMessage(test.node.get('one')).state, VmState.RUNNING);
    const { agent } = vmMessage(test.node.get('one'));
    assert.equal(agent?.state, AgentState.ABSENT);
    assert.deepEqual([agent.reason, agent.detail, agent.nextStep], ['IMAGE_NOT_EXT4', 'It has XFS.', 'Install it.']);
    const { conclusion } = await diagnose(test.node.get('one'));
    assert.equal(conclusion, 'IMAGE_NOT_EXT4: It has XFS. Install it.');
    await test.stop();
  });

  it('creating a VM leaves nothing behind when the host’s disk is full, or when it is cancelled', async () => {
    await using at = await testHost();
    const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
    const test = await withImage(at.folder, at.host, { images: { createOverlay: () => Promise.reject(full) } });
    const row = await done(test, createVm(test.node, wanted));
    assert.equal(reasonOf(row), 'HOST_DISK_FULL');
    assert.deepEqual(test.node.list(), []);
    assert.deepEqual(await readdir(`${at.folder.path}/vms`), []);
    const begun = await createVm(test.node, wanted);
    await test.operations.cancel(begun.id);
    await test.operations.finished(begun.id, timeout);
    assert.deepEqual(test.node.list(), []);
    await test.stop();
  });

  it('a VM that fails to start reports the hypervisor’s last output', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host, { driver: { failLaunch: () => 'no such machine' } });
    const row = await done(test, createVm(test.node, wanted));
    assert.equal(reasonOf(row), 'HYPERVISOR_FAILED');
    const vm = vmMessage(test.node.get('one'));
    assert.equal(vm.state, VmState.STOPPED);
    assert.match(vm.stateDetail, /no such machine/);
    await test.stop();
  });

  it('a VM is crashed when its hypervisor dies, and its agent’s state follows a lost connection and a pause', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, wanted));
    const runner = test.node.get('one');
    await runner.until(() => runner.agent.state.state === 'connected', timeout);
    const machine = at.host.machine(runner.row.id);
    machine?.pause();
    await runner.until(() => runner.life.state === 'paused', timeout);
    assert.equal(vmMessage(runner).agent?.state, AgentState.PAUSED);
    machine?.resume();
    await runner.until(() => runner.life.state === 'running', timeout);
    assert.equal(vmMessage(runner).agent?.state, AgentState.CONNECTED);
    test.links.get('one')?.lose('it was silent');
    assert.equal(vmMessage(runner).agent?.reason, 'AGENT_UNREACHABLE');
    machine?.crash('segmentation fault');
    await runner.until(() => runner.life.state === 'crashed', timeout);
    assert.match(vmMessage(runner).stateDetail, /segmentation fault/);
    assert.equal(vmMessage(runner).agent?.state, AgentState.OFF);
    assert.equal(test.links.get('one')?.disposed, true);
    await succeed(test, killVm(test.node, 'one'));
    await test.stop();
  });
});

describe('a failed creation', () => {
  it('a failed creation is an event, and leaves neither row nor folder, wherever the disk is full', async () => {
    const full = (): Promise<never> => Promise.reject(Object.assign(new Error('write'), { code: 'ENOSPC' }));
    for (const images of [{ prepareBase: full }, { createOverlay: full }]) {
      await using at = await testHost();
      const first = await withImage(at.folder, at.host);
      await first.stop();
      const test = await startTestNode(at.folder, at.host, { images, agentBuild: 'bbbb' });
      assert.equal(reasonOf(await done(test, createVm(test.node, wanted))), 'HOST_DISK_FULL');
      assert.deepEqual(test.node.list(), []);
      assert.deepEqual(await readdir(`${at.folder.path}/vms`), []);
      const { store } = test.node.context;
      assert.deepEqual(await store.vms.list(), []);
      const kinds = (await store.events.list(undefined, 100)).map(({ kind }) => kind).reverse();
      assert.deepEqual(kinds, ['vm.create-failed', 'vm.deleted']);
      await test.stop();
    }
  });
});

describe('a diagnosis', () => {
  it('a diagnosis ends immediately when its caller disconnects', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    await succeed(test, createVm(test.node, wanted));
    const runner = test.node.get('one');
    await assert.rejects(diagnose(runner, { signal: AbortSignal.abort(new Error('left')) }), { message: 'left' });
    await test.stop();
  });
});

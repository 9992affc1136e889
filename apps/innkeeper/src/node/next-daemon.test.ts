import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { manageDriver, parseVmRecord } from '@innkeeper/hypervisor';
import { FakeDriver } from '@innkeeper/hypervisor/fake';
import { openStore } from '@innkeeper/store';
import { markUnfinished } from './data/unfinished.ts';
import { done, reasonOf, succeed, timeout, wanted, withImage } from './fake/operate.ts';
import { startTestNode, testHost } from './fake/test-node.ts';
import { createVm } from './vm/create-vm.ts';
import { vmMessage } from './vm/vm-message.ts';
import { startVm } from './vm/vm-operations.ts';

describe('the next daemon', () => {
  it('the next daemon finds running VMs, and those that ended meanwhile', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    await succeed(before, createVm(before.node, { ...wanted, name: 'two' }));
    const [one, two] = [before.node.get('one').row.id, before.node.get('two').row.id];
    await before.stop();
    at.host.machine(two)?.kill();
    const after = await startTestNode(at.folder, at.host);
    assert.equal(after.node.get('one').life.state, 'running');
    assert.ok(at.host.machine(one));
    assert.equal(after.node.get('two').life.state, 'stopped');
    await after.stop();
  });

  it('the next daemon finds a running VM from a record of an earlier version, and shows its process', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    const { row, process } = before.node.get('one');
    await before.stop();
    const store = await openStore(at.folder.database);
    const { id, driver, payload } = parseVmRecord(row.record ?? '') ?? assert.fail('no record');
    await store.vms.update(row.id, { record: JSON.stringify({ id, driver, ...payload }) });
    await store[Symbol.asyncDispose]();
    const after = await startTestNode(at.folder, at.host);
    const found = after.node.get('one');
    assert.equal(found.life.state, 'running');
    assert.deepEqual(found.process, process);
    assert.equal(vmMessage(found).accelerator, 'tcg');
    await after.stop();
  });

  it('the next daemon uses the driver in each VM’s row, and the first driver for new VMs', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    await before.node.get('one').setRow({ driver: 'firecracker' });
    await before.stop();
    const without = await startTestNode(at.folder, at.host);
    const failed = await done(without, startVm(without.node, 'one'));
    assert.equal(reasonOf(failed), 'HYPERVISOR_MISSING');
    assert.match(
      failed.error ?? '',
      /the driver .*firecracker.* which this daemon does not have \(it has fake, adopted\)/,
    );
    await without.stop();

    const launched: string[] = [];
    const other = new FakeDriver({ host: at.host, beforeLaunch: async () => void launched.push('firecracker') });
    const others = [Object.defineProperty(manageDriver(other), 'name', { value: 'firecracker' })];
    const after = await startTestNode(at.folder, at.host, { others });
    await succeed(after, startVm(after.node, 'one'));
    await succeed(after, createVm(after.node, { ...wanted, name: 'two' }));
    assert.deepEqual(launched, ['firecracker']);
    assert.equal(after.node.get('two').row.driver, 'fake');
    await after.stop();
  });

  it('the next daemon removes partly created VMs and folders of images', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { id } = before.node.get('one').row;
    await before.node.context.store.vms.update(id, { state: 'creating' });
    await markUnfinished(at.folder.vmFolder(id));
    await before.stop();
    const after = await startTestNode(at.folder, at.host);
    const runner = after.node.find('one');
    await runner?.until(() => runner.removed, timeout);
    assert.deepEqual(after.node.list(), []);
    assert.ok(!existsSync(at.folder.vmFolder(id)));
    await after.stop();
  });

  it('the next daemon removes unfinished files in images, VMs and the cache', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, { ...wanted, start: false }));
    const { id } = before.node.get('one').row;
    await before.stop();
    const { cache } = at.folder;
    const image = at.folder.imageFolder('tiny');
    const kept = await readdir(image);
    const half = [
      ...[`${image}/.import-a1`, `${image}/.build-a1`, `${image}/.base-aaaa.raw-a1`, `${image}/made-a1`],
      ...[`${image}/made-a2/.unfinished`, `${at.folder.imageFolder('gone')}/.unfinished`],
      ...[`${at.folder.vmFolder(id)}/.unfinished-a1.qcow2`, `${at.folder.imageFolder('none')}/made-a1`],
      ...[`${at.folder.path}/images/.removed-old-a1`, `${at.folder.path}/vms/.removed-b-a1`],
      ...[`${cache}/images/.unfinished-a1`, `${cache}/kernels/.unfinished-a1`],
    ];
    for (const path of half) await mkdir(path, { recursive: true });
    await mkdir(`${cache}/kernels/linux-1`);
    const after = await startTestNode(at.folder, at.host);
    assert.deepEqual(
      half.filter((path) => existsSync(path)),
      [],
    );
    assert.deepEqual(await readdir(image), kept);
    assert.ok(existsSync(`${cache}/kernels/linux-1`));
    assert.deepEqual((await readdir(at.folder.vmFolder(id))).sort(), ['disk.qcow2', 'vm.json']);
    await after.stop();
  });

  it('the next daemon resumes a VM that was paused on a full disk, once there is space', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    const runner = before.node.get('one');
    const machine = at.host.machine(runner.row.id);
    machine?.pause('The host has no space left for its disk.');
    await runner.until(() => runner.life.state === 'paused', timeout);
    await before.stop();
    const after = await startTestNode(at.folder, at.host);
    const found = after.node.get('one');
    assert.deepEqual(found.life, { state: 'paused', detail: 'The host has no space left for its disk.' });
    await after.node.resumeStarved();
    await found.until(() => found.life.state === 'running', timeout);
    await after.stop();
  });

  it('the next daemon knows why a VM was paused while no daemon was running', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await succeed(before, createVm(before.node, wanted));
    await before.stop();
    at.host.machine(before.node.get('one').row.id)?.pause('The host has no space left for its disk.');
    const after = await startTestNode(at.folder, at.host);
    assert.match(after.node.get('one').life.detail, /no space left/);
    await after.stop();
  });

  it('the next daemon prepares a new base for another build of the agent, and removes the old one when no VM uses it', async () => {
    await using at = await testHost();
    const before = await withImage(at.folder, at.host);
    await before.stop();
    const after = await startTestNode(at.folder, at.host, { agentBuild: 'bbbb' });
    await succeed(after, createVm(after.node, wanted));
    const made = (await after.node.images.get('tiny')).path.split('/').at(-2);
    const [base = '', ...others] = (await readdir(at.folder.imageFolder('tiny'))).sort();
    assert.match(base, /^base-bbbb-[0-9a-f]{6}\.raw$/);
    assert.deepEqual(others, ['image.json', made]);
    await after.stop();
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openStore, type Store } from './open-store.ts';
import { maxEvents } from './repositories/events.ts';
import type { ImageRow } from './repositories/images.ts';
import type { OperationRow } from './repositories/operations.ts';
import type { VmRow } from './repositories/vms.ts';

const image: ImageRow = {
  name: 'tiny',
  format: 'raw',
  path: 'images/tiny/original.raw',
  virtual_bytes: 2 ** 40,
  sha256: '',
  added_ms: 1,
  kernel: null,
  base: null,
};

const vm: VmRow = {
  id: 'a',
  name: 'one',
  state: 'stopped',
  state_detail: '',
  image: 'tiny',
  cpus: 1,
  memory_bytes: 2 ** 36,
  disk_bytes: 0,
  mac_address: '02:00:00:00:00:01',
  tags: '{}',
  driver: 'fake',
  record: null,
  agent: '{}',
  base_path: '',
  created_ms: 1,
  started_ms: null,
};

const operation: OperationRow = {
  id: 'o',
  kind: 'vm.create',
  state: 'running',
  target: 'one',
  vm_id: 'a',
  stage: '',
  progress: null,
  log: '[]',
  error: null,
  started_ms: 1,
  ended_ms: null,
};

async function withVm(): Promise<Store> {
  const store = await openStore(':memory:');
  await store.images.insert(image);
  await store.vms.insert(vm);
  return store;
}

describe('openStore()', () => {
  it('finds again what an earlier daemon wrote', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-store-'));
    try {
      {
        await using store = await openStore(join(folder, 'a.db'));
        await store.images.insert(image);
        await store.vms.insert(vm);
      }
      await using store = await openStore(join(folder, 'a.db'));
      assert.deepEqual({ ...(await store.vms.list())[0] }, vm);
      assert.equal((await store.images.find('tiny'))?.virtual_bytes, 2 ** 40);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a second VM of the same name', async () => {
    await using store = await withVm();
    await assert.rejects(store.vms.insert({ ...vm, id: 'b' }), { reason: 'VM_NAME_TAKEN' });
  });

  it('refuses to remove an image that VMs use, and removes it after them', async () => {
    await using store = await withVm();
    await assert.rejects(store.images.remove('tiny'), { reason: 'IMAGE_IN_USE' });
    assert.deepEqual([...(await store.vms.countByImage())], [['tiny', 1]]);
    await store.vms.remove('a');
    await store.images.remove('tiny');
    assert.deepEqual(await store.images.list(), []);
  });

  it('fails the operations that ran when the daemon ended', async () => {
    await using store = await withVm();
    await store.operations.save(operation);
    await store.operations.save({ ...operation, id: 'p', state: 'succeeded' });
    assert.equal(await store.operations.interruptRunning(5), 1);
    const row = await store.operations.find('o');
    assert.equal(row?.state, 'failed');
    assert.equal(JSON.parse(row?.error ?? '{}').reason, 'OPERATION_INTERRUPTED');
    assert.equal((await store.operations.find('p'))?.state, 'succeeded');
  });

  it('replaces blocks of history, drops old ones level by level, and those of a VM with it', async () => {
    await using store = await withVm();
    const block = (step_ms: number, start_ms: number, byte: number) => ({
      vm_id: 'a',
      step_ms,
      start_ms,
      data: new Uint8Array([byte]),
    });
    await store.history.upsert([block(5, 10, 1), block(5, 20, 2), block(60, 10, 3)]);
    await store.history.upsert([block(5, 20, 4)]);
    await store.history.prune(5, 20);
    assert.deepEqual(
      (await store.history.list('a', 5, 0, 100)).map((row) => [row.start_ms, row.data[0]]),
      [[20, 4]],
    );
    assert.equal((await store.history.find('a', 60, 10))?.data[0], 3);
    await store.vms.remove('a');
    assert.deepEqual(await store.history.list('a', 5, 0, 100), []);
  });

  it('keeps the 10,000 newest events', async () => {
    await using store = await withVm();
    for (let index = 0; index < maxEvents + 5; index++) {
      await store.events.insert({ time_ms: index, vm_id: 'a', kind: 'vm.started', message: '' });
    }
    await store.prune(0);
    const rows = await store.events.list(undefined, 2 * maxEvents);
    assert.equal(rows.length, maxEvents);
    assert.equal(rows.at(-1)?.time_ms, 5);
  });
});

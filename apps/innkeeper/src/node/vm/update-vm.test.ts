import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { succeed, wanted, withImage } from '../fake/operate.ts';
import { testHost } from '../fake/test-node.ts';
import { createVm } from './create-vm.ts';
import { updateVm } from './update-vm.ts';

describe('changed settings of a VM', () => {
  it('a rename is an event with both names; a refused one and other settings are none', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { node } = test;
    for (const name of ['one', 'taken']) await succeed(test, createVm(node, { ...wanted, name, start: false }));
    await updateVm(node, 'one', { name: 'two', cpus: 2 });
    await updateVm(node, 'two', { name: 'two', tags: { env: 'test' } });
    await assert.rejects(updateVm(node, 'two', { name: 'taken' }), { reason: 'VM_NAME_TAKEN' });
    const { id } = node.get('two').row;
    const events = await node.context.store.events.list(id, 100);
    const renames = events.filter(({ kind }) => kind === 'vm.renamed');
    assert.deepEqual(
      renames.map(({ message, vm_id }) => [message, vm_id]),
      [['from one to two', id]],
    );
    await test.stop();
  });
});

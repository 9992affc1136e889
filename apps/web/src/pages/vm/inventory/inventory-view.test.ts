import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { InventorySchema } from '@innkeeper/contract/agent';
import { cpuText, filterPackages, machineText } from './inventory-view.ts';

describe('the inventory', () => {
  it('packages are filtered by words in name and version', () => {
    const packages = [
      { name: 'openssl', version: '3.0.15-1' },
      { name: 'libssl3', version: '3.0.15-1' },
      { name: 'bash', version: '5.2' },
    ];
    assert.deepEqual(
      filterPackages(packages, 'SSL 3.0').map(({ name }) => name),
      ['openssl', 'libssl3'],
    );
    assert.equal(filterPackages(packages, '').length, 3);
    assert.equal(filterPackages(packages, '.*').length, 0);
  });

  it('the machine and its CPUs are described by what is known of them', () => {
    const none = create(InventorySchema, {});
    assert.deepEqual([machineText(none), cpuText(none)], [undefined, undefined]);
    const some = create(InventorySchema, { vendor: 'QEMU', product: 'Standard PC', cpus: 4 });
    assert.deepEqual([machineText(some), cpuText(some)], ['QEMU Standard PC', '4']);
    const all = create(InventorySchema, { cpuModel: 'EPYC', cpus: 4, cpuCores: 2, cpuSockets: 1 });
    assert.equal(cpuText(all), '4 on 2 cores in 1 socket (EPYC)');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { VmSchema } from '@innkeeper/contract/control';
import { settingsCommand, settingsOf, settingsRequest } from './vm-settings.ts';

const vm = create(VmSchema, {
  id: 'id',
  name: 'web-1',
  cpus: 1,
  memoryBytes: 256n * 1024n * 1024n,
  tags: { env: 'test', old: '' },
});

test('the settings of a VM that were not changed make no request', () => {
  assert.deepEqual(settingsOf(vm), { name: 'web-1', cpus: 1, memoryMib: 256, tags: ['env=test', 'old'] });
  assert.equal(settingsRequest(vm, settingsOf(vm)), undefined);
});

test('changed settings of a VM make a request with what differs, and the inn command for it', () => {
  const request = settingsRequest(vm, { name: 'web-2', cpus: 4, memoryMib: 1024, tags: ['env=prod', 'team=a b'] });
  assert.deepEqual(request, {
    vm: 'id',
    name: 'web-2',
    cpus: 4,
    memoryBytes: 1024n ** 3n,
    tags: { env: 'prod', team: 'a b' },
    removeTags: ['old'],
  });
  assert.equal(
    settingsCommand(vm, request),
    "inn set web-1 --name web-2 --cpus 4 --memory 1024M --tag env=prod --tag 'team=a b' --untag old",
  );
});

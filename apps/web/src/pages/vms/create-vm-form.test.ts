import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommand, createRequest, nameProblem, type VmForm } from './create-vm-form.ts';

const form: VmForm = {
  name: 'web-1',
  image: 'tiny',
  cpus: 2,
  memoryMib: 512,
  diskMib: 0,
  tags: ['env=prod', 'db'],
  start: true,
  autostart: false,
};

describe('the form of a new VM', () => {
  it('nameProblem rejects invalid VM names', () => {
    assert.equal(nameProblem('web-1'), undefined);
    for (const name of ['', '-a', 'a-', 'A', 'a_b', 'a b', 'ä', '<b>', 'a'.repeat(64)])
      assert.notEqual(nameProblem(name), undefined);
  });

  it('createRequest converts the form to a request in bytes', () => {
    const { memoryBytes, diskBytes, tags } = createRequest(form);
    assert.equal(createRequest({ ...form, autostart: true }).autostart, true);
    assert.deepEqual([memoryBytes, diskBytes, tags], [536_870_912n, 0n, { env: 'prod', db: '' }]);
  });

  it('createCommand quotes everything for the shell', () => {
    assert.equal(
      createCommand(form),
      'inn create web-1 --image tiny --cpus 2 --memory 512M --tag env=prod --tag db= --start',
    );
    assert.match(createCommand({ ...form, autostart: true }), / --start --autostart$/);
    assert.match(createCommand({ ...form, tags: ["a=$(id) 'b'"] }), /--tag 'a=\$\(id\) '\\''b'\\'''/);
  });
});

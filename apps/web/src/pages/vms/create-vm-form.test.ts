import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommand, createRequest, nameProblem, problemsOf, type VmForm } from './create-vm-form.ts';

const form: VmForm = {
  name: 'web-1',
  image: 'tiny',
  cpus: '2',
  memory: '512',
  disk: '',
  tags: ['env=prod', 'db'],
  start: true,
  autostart: false,
  keepHostname: false,
  freshIdentity: false,
};
const imageBytes = 256 * 1024 * 1024;
const problems = (changed: Partial<VmForm>) => problemsOf({ ...form, ...changed }, imageBytes);
const command = (changed: Partial<VmForm>) => createCommand({ ...form, ...changed }, problems(changed));

describe('the form of a new VM', () => {
  it('nameProblem rejects invalid VM names', () => {
    assert.equal(nameProblem('web-1'), undefined);
    for (const name of ['', '-a', 'a-', 'A', 'a_b', 'a b', 'ä', '<b>', 'a'.repeat(64)])
      assert.notEqual(nameProblem(name), undefined);
  });

  it('the form of a new VM refuses each invalid size with a reason', () => {
    assert.deepEqual(problems({}), {});
    for (const cpus of ['', '0', '65', '1.5', '-1', 'two', '1e1', '999999'])
      assert.notEqual(problems({ cpus }).cpus, undefined, `cpus ${cpus}`);
    assert.deepEqual(problems({ memory: '63' }), { memory: 'A VM needs at least 64 MiB.' });
    assert.deepEqual(problems({ memory: '' }), { memory: 'Enter a size, such as 512 or 2G.' });
    assert.deepEqual(problems({ memory: '17T' }), { memory: 'At most 16 TiB.' });
    for (const memory of ['0', '-1', 'x', '1,5G', '512K', '64.5', '2 GX', 'NaN'])
      assert.notEqual(problems({ memory }).memory, undefined, `memory ${memory}`);
    assert.deepEqual(problems({ disk: '255' }), { disk: 'The image needs 256 MiB.' });
    assert.deepEqual(problems({ disk: '0' }), { disk: 'The image needs 256 MiB.' });
    assert.deepEqual(problems({ disk: '65T' }), { disk: 'At most 64 TiB.' });
  });

  it('the form of a new VM refuses a tag without a name, and a name with two values', () => {
    assert.deepEqual(problems({ tags: ['=x'] }), { tags: 'A tag needs a name before “=”.' });
    assert.deepEqual(problems({ tags: ['a=1', 'a=2'] }), { tags: '“a” has two values.' });
  });

  it('createRequest converts the form to a request in bytes', () => {
    const { memoryBytes, diskBytes, tags, cpus } = createRequest(form);
    assert.equal(createRequest({ ...form, autostart: true }).autostart, true);
    assert.deepEqual([cpus, memoryBytes, diskBytes, tags], [2, 536_870_912n, 0n, { env: 'prod', db: '' }]);
    assert.deepEqual(createRequest({ ...form, memory: '1.5G', disk: '2 GiB' }).memoryBytes, 1_610_612_736n);
    assert.deepEqual(createRequest({ ...form, memory: '1.5G', disk: '2 GiB' }).diskBytes, 2_147_483_648n);
  });

  it('createCommand quotes everything for the shell', () => {
    assert.equal(command({}), 'inn create web-1 --image tiny --cpus 2 --memory 512M --tag env=prod --tag db= --start');
    assert.match(command({ autostart: true }), / --start --autostart$/);
    const identity = { keepHostname: true, freshIdentity: true };
    assert.match(command(identity), / --start --keep-hostname --fresh-identity$/);
    assert.partialDeepStrictEqual(createRequest({ ...form, ...identity }), identity);
    assert.match(command({ tags: ["a=$(id) 'b'"] }), /--tag 'a=\$\(id\) '\\''b'\\'''/);
    assert.match(command({ image: 'a b' }), /--image 'a b' /);
    assert.match(command({ disk: '2G' }), /--disk 2048M /);
  });

  it('createCommand has a placeholder, and no other value, for what cannot be sent', () => {
    assert.match(
      command({ name: 'Web', cpus: '0', memory: '1', disk: '1', image: '' }),
      /^inn create NAME --image IMAGE --cpus CPUS --memory MEMORY --disk DISK /,
    );
  });
});

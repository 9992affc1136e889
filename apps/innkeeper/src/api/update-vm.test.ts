import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mib } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { killVm } from '../node/vm/vm-operations.ts';
import { vmSpec } from '../node/vm/vm-spec.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

describe('VmService/UpdateVm', () => {
  let api: ServedApi;
  let base: string;
  before(async () => {
    api = await serveApi({});
    base = await api.listenTcp();
    await api.createVm('one', { agent: false, tags: { web: '' } });
    await makeUser(api.access, 'manager', ['vm.view', 'vm.manage'], { scope: 'tag:web' });
    await makeUser(api.access, 'root', ['vm.view', 'vm.manage']);
    await makeUser(api.access, 'operator', ['vm.view', 'vm.power']);
  });
  after(() => api[Symbol.asyncDispose]());

  const stopped = async (name: string): Promise<void> => {
    const { id } = await killVm(api.node, name);
    await api.node.operations.finished(id, AbortSignal.timeout(30_000));
  };
  const update = async (user: string, request: object) =>
    callJson(base, 'VmService/UpdateVm', request, { ...(await sessionOf(api.access, user)) });

  it('UpdateVm changes autostart for callers with vm.manage, notifies watchers, and is audited', async () => {
    const changed: string[] = [];
    const stop = api.node.changes.add((id) => changed.push(id));
    const answer = await update('manager', { vm: 'one', autostart: true });
    stop();
    assert.deepEqual([answer.status, answer.body['name'], answer.body['autostart']], [200, 'one', true]);
    assert.deepEqual(changed, [api.node.get('one').row.id]);
    assert.equal((await api.store.vms.list())[0]?.autostart, 1);
    const [entry] = await api.store.audit.list({ limit: 1 });
    assert.deepEqual(
      [entry?.user_name, entry?.action, entry?.vm_name, entry?.result],
      ['manager', 'VmService/UpdateVm', 'one', 'ok'],
    );
    assert.match(entry?.parameters ?? '', /"autostart":true/);
  });

  it('UpdateVm does not change settings that the request omits', async () => {
    for (const autostart of [true, false]) {
      await update('manager', { vm: 'one', autostart });
      assert.equal((await update('manager', { vm: 'one' })).body['autostart'] ?? false, autostart);
    }
  });

  it('UpdateVm is refused to callers who may only start and stop the VM', async () => {
    const answer = await update('operator', { vm: 'one', autostart: true });
    assert.deepEqual([answer.status, answer.reason], [403, 'PRIVILEGE_MISSING']);
  });

  it('UpdateVm renames a stopped VM and gives it other CPUs and memory, which its next start uses', async () => {
    await api.createVm('old', { agent: false });
    const { id } = api.node.get('old').row;
    await stopped('old');
    const answer = await update('root', { vm: 'old', name: 'new', cpus: 3, memoryBytes: `${512 * mib}` });
    assert.deepEqual([answer.status, answer.body['name'], answer.body['id'], answer.body['cpus']], [200, 'new', id, 3]);
    assert.equal(api.node.find('old'), undefined);
    const manifest: unknown = JSON.parse(await readFile(join(api.node.context.folder.vmFolder(id), 'vm.json'), 'utf8'));
    const kept = manifest as { name: string; cpus: number; memory_bytes: number };
    assert.deepEqual([kept.name, kept.cpus, kept.memory_bytes], ['new', 3, 512 * mib]);
    const row = api.node.get('new').row;
    const { name, cpus, memoryBytes } = vmSpec(row, undefined, api.node.context.folder);
    assert.deepEqual([name, cpus, memoryBytes], ['new', 3, 512 * mib]);
    const listed = await callJson(base, 'VmService/ListVms', {}, { ...(await sessionOf(api.access, 'root')) });
    const names = (listed.body['vms'] as { name: string }[]).map((vm) => vm.name);
    assert.deepEqual(names, [...names].sort());
    assert.ok(names.includes('new') && !names.includes('old'));
  });

  it('UpdateVm refuses a name, CPUs and memory of a running VM with what to do, and changes nothing', async () => {
    for (const change of [{ name: 'other' }, { cpus: 2 }, { memoryBytes: `${128 * mib}` }]) {
      const answer = await update('root', { vm: 'one', autostart: true, tags: { more: '' }, ...change });
      assert.deepEqual([answer.status, answer.reason], [400, 'VM_WRONG_STATE']);
    }
    const { row } = api.node.get('one');
    assert.deepEqual([row.name, row.cpus, row.tags], ['one', 1, '{"web":""}']);
  });

  it('UpdateVm refuses a name that another VM has, and invalid settings', async () => {
    await api.createVm('two', { agent: false });
    await stopped('two');
    const reasonOf = async (change: object): Promise<string> => (await update('root', { vm: 'two', ...change })).reason;
    assert.equal(await reasonOf({ name: 'one' }), 'VM_NAME_TAKEN');
    assert.equal(await reasonOf({ name: 'No good' }), 'INVALID_NAME');
    assert.equal(await reasonOf({ cpus: 0 }), 'INVALID_ARGUMENT');
    assert.equal(await reasonOf({ cpus: 65 }), 'INVALID_ARGUMENT');
    assert.equal(await reasonOf({ memoryBytes: '1' }), 'INVALID_ARGUMENT');
    assert.equal(await reasonOf({ tags: { '': 'x' } }), 'INVALID_ARGUMENT');
    assert.equal(api.node.get('two').row.name, 'two');
    api.node.get('two').operationId = 'another';
    assert.equal(await reasonOf({ cpus: 2 }), 'VM_BUSY');
    api.node.get('two').operationId = '';
  });

  it('UpdateVm adds, changes and removes tags of a running VM, and lists find it by them', async () => {
    await api.createVm('tagged', { agent: false, tags: { env: 'test', old: '' } });
    const answer = await update('root', { vm: 'tagged', tags: { env: 'prod', team: 'a' }, removeTags: ['old'] });
    assert.deepEqual(answer.body['tags'], { env: 'prod', team: 'a' });
    for (const filter of ['tag:env=prod', 'tag=env=prod', 'tag=team', '!tag=old tag:team=a']) {
      const listed = await callJson(
        base,
        'VmService/ListVms',
        { filter },
        { ...(await sessionOf(api.access, 'root')) },
      );
      assert.deepEqual(
        (listed.body['vms'] as { name: string }[] | undefined)?.map(({ name }) => name),
        ['tagged'],
        filter,
      );
    }
  });

  it('UpdateVm refuses tags that would give their setter rights from elsewhere, and ends streams that a tag allowed', async () => {
    await api.createVm('scoped', { agent: false, tags: { web: '' } });
    const refused = await update('manager', { vm: 'scoped', tags: { db: '' } });
    assert.deepEqual([refused.status, refused.reason], [403, 'PRIVILEGE_MISSING']);
    const { access } = api;
    const watching = new AbortController();
    const headers = { ...(await sessionOf(access, 'manager')), 'content-type': 'application/connect+json' };
    const body = frame({ vm: 'scoped' });
    const url = `${base}/innkeeper.control.v1.VmService/WatchVm`;
    const stream = await fetch(url, { method: 'POST', headers, body, signal: watching.signal });
    const text = stream.text();
    await update('root', { vm: 'scoped', removeTags: ['web'] });
    assert.match(await text, /PRIVILEGE_MISSING|permission_denied/);
    watching.abort();
  });
});

/** A message of a stream in Connect's framing. */
function frame(message: object): Uint8Array<ArrayBuffer> {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  return new Uint8Array(Buffer.concat([head, json]));
}

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
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
    await makeUser(api.access, 'operator', ['vm.view', 'vm.power']);
  });
  after(() => api[Symbol.asyncDispose]());

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
});

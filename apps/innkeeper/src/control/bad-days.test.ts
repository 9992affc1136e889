import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { OperationError } from '@innkeeper/contract';
import { VmState } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { serveApi } from './testing/serve-api.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('a disk that is full under the database', { timeout: 60_000 }, () => {
  it('is told to who makes something; reading and stopping go on, and all works again when there is room', async () => {
    const lost: string[] = [];
    await using api = await serveApi({ log: { ...silentLog, error: (event: string) => lost.push(event) } });
    await api.createVm('one', { agent: false });
    const client = createClient({ socketPath: api.socketPath });
    const vm = client.vm('one');
    const full = (): Promise<never> =>
      Promise.reject(new OperationError('HOST_DISK_FULL', 'database or disk is full.'));
    const { operations, vms, audit, events } = api.store;
    const [save, update, append, insert] = [operations.save, vms.update, audit.append, events.insert];
    Object.assign(operations, { save: full });
    Object.assign(vms, { update: full });
    Object.assign(audit, { append: full });
    Object.assign(events, { insert: full });
    await assert.rejects(client.createVm({ name: 'two', image: 'tiny' }), { reason: 'HOST_DISK_FULL' });
    assert.equal((await vm.get()).state, VmState.RUNNING);
    await vm.kill();
    assert.equal((await vm.get()).state, VmState.STOPPED);
    assert.deepEqual(
      (await client.vms.listVms({})).vms.map(({ name }) => name),
      ['one'],
    );
    assert.ok(lost.includes('audit.lost'));
    Object.assign(operations, { save });
    Object.assign(vms, { update });
    Object.assign(audit, { append });
    Object.assign(events, { insert });
    await vm.start();
    assert.equal((await vm.get()).state, VmState.RUNNING);
    assert.equal((await api.store.audit.verify()).brokenAtId, undefined);
  });
});

describe('a clock that jumps', { timeout: 60_000 }, () => {
  it('ends sessions of a time that has yet to come, and keeps those of the past for their time', async () => {
    let now = Date.UTC(2026, 0, 10);
    const clock = { nowMs: () => now, repeat: () => () => undefined };
    await using api = await serveApi({ clock });
    const { sessions, users } = api.access;
    await users.createFirst();
    const from = { address: '127.0.0.1', userAgent: '' };
    const { secret } = await sessions.open('admin', from);
    const isOpen = async (): Promise<boolean> => (await sessions.find(secret, true)) !== undefined;
    now += hourMs;
    assert.ok(await isOpen());
    now -= hourMs + 60_000;
    assert.ok(await isOpen(), 'a minute back is what replicas differ by');
    now -= 30 * dayMs;
    assert.ok(!(await isOpen()), 'it would last for 37 days');
    now += 30 * dayMs + 2 * hourMs;
    assert.ok(await isOpen());
    now += 400 * dayMs;
    assert.ok(!(await isOpen()));
  });

  it('ends tokens that have run out, and none of those that have not', async () => {
    let now = Date.UTC(2026, 0, 10);
    await using api = await serveApi({ clock: { nowMs: () => now, repeat: () => () => undefined } });
    const url = await api.listenTcp();
    await api.access.users.createFirst();
    const local = createClient({ socketPath: api.socketPath });
    const { secret } = await local.access.createToken({ name: 'ci', lifetimeDays: 1 });
    const client = createClient({ url, token: secret });
    await client.vms.listVms({});
    now -= 30 * dayMs;
    await client.vms.listVms({});
    now += 32 * dayMs;
    await assert.rejects(client.vms.listVms({}), { reason: 'TOKEN_INVALID' });
  });
});

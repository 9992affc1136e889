import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { OperationError } from '@innkeeper/contract';
import { VmState } from '@innkeeper/contract/control';
import { mib, silentLog } from '@innkeeper/kit';
import { serveApi } from './testing/serve-api.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('a full disk under the database', { timeout: 60_000 }, () => {
  it('with the database’s disk full, creating fails with a reason, reading and stopping work, and all works again with space', async () => {
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

describe('a file system without a free byte under the data folder', { timeout: 60_000 }, () => {
  it('with the data folder’s disk full, every creation fails with HOST_DISK_FULL and a next step, and works again with space', async (t) => {
    const mount = await mkdtemp(join(tmpdir(), 'innkeeper-full-'));
    const before = process.env['TMPDIR'];
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      await rm(mount, { recursive: true });
      t.skip('mounting a small file system needs root');
      return;
    }
    try {
      process.env['TMPDIR'] = mount;
      await using api = await serveApi({});
      await api.createVm('one', { agent: false });
      await api.access.users.createFirst();
      const client = createClient({ socketPath: api.socketPath });
      const text = 'x'.repeat(4000);
      const spec = { title: text, argv: ['true'] };
      const asked: Readonly<Record<string, () => Promise<unknown>>> = {
        'a user': () => client.access.createUser({ name: 'eve', password: 'a-long-password' }),
        'a role': () => client.access.setRole({ name: 'r', description: 'd', privileges: ['vm.view'] }),
        'a token': () => client.access.createToken({ name: 'ci', privileges: ['*'], lifetimeDays: 1 }),
        'a run': () => client.runs.startRun({ id: 'r', spec, vms: ['one'] }),
        'a VM': () => client.createVm({ name: 'two', image: 'tiny' }),
        'an image': () => client.images.buildImage({ kind: 'tiny', name: 'other' }),
      };
      await fill(mount);
      for (const [name, ask] of Object.entries(asked))
        await assert.rejects(ask, { reason: 'HOST_DISK_FULL', nextStep: /Free space/ }, name);
      assert.equal((await client.vms.listVms({})).vms.length, 1);
      await client.vm('one').kill();
      await rm(join(mount, 'filler'));
      for (const [name, ask] of Object.entries(asked)) await assert.doesNotReject(ask, name);
    } finally {
      process.env['TMPDIR'] = before;
      if (before === undefined) delete process.env['TMPDIR'];
      execFileSync('umount', ['-l', mount]);
      await rm(mount, { recursive: true });
    }
  });
});

/** Fills all remaining space. */
async function fill(folder: string): Promise<void> {
  await using file = await open(join(folder, 'filler'), 'w');
  for (const bytes of [mib, 4096, 1]) {
    for (;;) {
      try {
        await file.write(Buffer.alloc(bytes));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        break;
      }
    }
  }
}

describe('a clock that jumps', { timeout: 60_000 }, () => {
  it('after a clock jump, sessions from the future end, and those of the past keep their lifetime', async () => {
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
    assert.ok(await isOpen(), 'the clocks of replicas may differ by a minute');
    now -= 30 * dayMs;
    assert.ok(!(await isOpen()), 'otherwise it would last for 37 days');
    now += 30 * dayMs + 2 * hourMs;
    assert.ok(await isOpen());
    now += 400 * dayMs;
    assert.ok(!(await isOpen()));
  });

  it('after a clock jump, only expired tokens are refused', async () => {
    let now = Date.UTC(2026, 0, 10);
    await using api = await serveApi({ clock: { nowMs: () => now, repeat: () => () => undefined } });
    const url = await api.listenTcp();
    await api.access.users.createFirst();
    const local = createClient({ socketPath: api.socketPath });
    const { secret } = await local.access.createToken({ name: 'ci', privileges: ['*'], lifetimeDays: 1 });
    const client = createClient({ url, token: secret });
    await client.vms.listVms({});
    now -= 30 * dayMs;
    await client.vms.listVms({});
    now += 32 * dayMs;
    await assert.rejects(client.vms.listVms({}), { reason: 'TOKEN_INVALID' });
  });
});

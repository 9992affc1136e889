import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { callJson, type JsonAnswer } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
const secret = 'what-is-in-the-file';

/** /proc/PID/stat in the kernel's format. */
function processStat(pid: number, name: string, parent: number): string {
  const fields = ['S', parent, 1, 1, 0, -1, 0, 0, 0, 0, 0, 5, 5, 0, 0, 20, 0, 1, 0, 100, 4096, 10];
  return `${pid} (${name}) ${fields.join(' ')}\n`;
}

describe('the agent’s services, for each VM', () => {
  const guest = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  let base: string;
  let admin: Record<string, string>;

  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    base = await api.listenTcp();
    await api.createVm('one');
    await api.createVm('web', { tags: { team: 'web' } });
    await api.access.users.createFirst();
    admin = { ...(await sessionOf(api.access, 'admin')) };
    guest.files.put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n');
    guest.files.put('/etc/group', 'root:x:0:\nme:x:1000:\n');
    for (const [pid, name, parent] of [
      [1, 'init', 0],
      [50, 'sh', 1],
      [51, 'sleep', 50],
    ] as const)
      guest.files.put(`/proc/${pid}/stat`, processStat(pid, name, parent));
    guest.files.put('/d/b', secret);
    guest.files.put('/d/a', secret);
    guest.files.putLink('/out', '/d');
  });
  after(() => api[Symbol.asyncDispose]());

  const call = (method: string, request: object, { vm = 'one', headers = admin } = {}): Promise<JsonAnswer> =>
    callJson(`${base}/v1/vms/${vm}`, `innkeeper.agent.v1.${method}`, request, headers);
  const pathsOf = ({ body }: JsonAnswer): unknown[] => (body['entries'] as { path: string }[]).map(({ path }) => path);

  it('the agent’s FileService lists folders in pages and describes a path', async () => {
    const first = await call('FileService/List', { path: '/d', pageSize: 1 });
    assert.deepEqual([pathsOf(first), first.body['total']], [['/d/a'], '2']);
    const pageToken = first.body['nextPageToken'];
    assert.deepEqual(pathsOf(await call('FileService/List', { path: '/d', pageSize: 1, pageToken })), ['/d/b']);
    assert.equal((await call('FileService/Stat', { path: '/out' })).body['symlinkTarget'], '/d');
    assert.equal((await call('FileService/Stat', { path: '/out', follow: true })).body['kind'], 'FILE_KIND_DIRECTORY');
    assert.equal((await call('FileService/Stat', { path: '/out/a', noSymlinks: true })).reason, 'FILE_SYMLINK_REFUSED');
  });

  it('the agent’s FileService creates, moves, changes and removes files', async () => {
    assert.equal(
      (await call('FileService/MakeDirectory', { path: '/n/x', parents: true, user: 'me' })).body['uid'],
      1000,
    );
    assert.equal((await call('FileService/Rename', { from: '/n/x', to: '/n/y' })).body['path'], '/n/y');
    assert.equal(
      (await call('FileService/SetMode', { path: '/n', mode: 0o700, recursive: true })).body['changed'],
      '2',
    );
    assert.equal(
      (await call('FileService/SetOwner', { path: '/n', group: 'me', recursive: true })).body['changed'],
      '2',
    );
    const { mode, gid } = guest.files.stat('/n/y', false);
    assert.deepEqual([mode, gid], [0o700, 1000]);
    assert.equal((await call('FileService/Remove', { path: '/n', recursive: true })).body['removed'], '2');
    assert.equal(guest.files.exists('/n'), false);
  });

  it('the agent’s process service lists processes, and refuses signals to the guest’s init', async () => {
    const { body } = await call('GuestProcessService/List', { pageSize: 2, sort: 'PROCESS_SORT_PID' });
    assert.deepEqual([(body['processes'] as { pid: number }[]).map(({ pid }) => pid), body['total']], [[1, 50], 3]);
    assert.equal((await call('GuestProcessService/Signal', { pid: 1, signal: 15 })).reason, 'PROCESS_PROTECTED');
    assert.equal((await call('GuestProcessService/Signal', { pid: 99, signal: 15 })).reason, 'PROCESS_NOT_FOUND');
    assert.equal((await call('GuestProcessService/Signal', { pid: 50, signal: 99 })).reason, 'INVALID_ARGUMENT');
  });

  it('calls to the agent’s services fail with the guest’s reasons', async () => {
    const cases: readonly (readonly [string, object, string])[] = [
      ['FileService/List', { path: '/none' }, 'FILE_NOT_FOUND'],
      ['FileService/List', { path: '/d/a' }, 'FILE_NOT_DIRECTORY'],
      ['FileService/List', { path: 'd' }, 'INVALID_PATH'],
      ['FileService/List', { path: '/d', pageSize: 5000 }, 'INVALID_ARGUMENT'],
      ['FileService/Stat', { path: '/d/../etc' }, 'INVALID_PATH'],
      ['FileService/MakeDirectory', { path: '/d' }, 'FILE_EXISTS'],
      ['FileService/Rename', { from: '/d/a', to: '/d/b' }, 'FILE_EXISTS'],
      ['FileService/Remove', { path: '/', recursive: true }, 'INVALID_PATH'],
      ['FileService/Remove', { path: '/d' }, 'FILE_IS_DIRECTORY'],
      ['FileService/SetMode', { path: '/d', mode: 0o10000 }, 'INVALID_ARGUMENT'],
      ['FileService/SetOwner', { path: '/d', user: 'nobody-knows' }, 'USER_NOT_FOUND'],
    ];
    for (const [method, request, reason] of cases)
      assert.equal((await call(method, request)).reason, reason, `${method} ${JSON.stringify(request)}`);
    assert.equal(
      (await callJson(base, 'innkeeper.agent.v1.FileService/Stat', { path: '/d' }, admin)).reason,
      'INVALID_ARGUMENT',
    );
    assert.equal((await call('FileService/Stat', { path: '/d' }, { vm: 'nobody' })).reason, 'VM_NOT_FOUND');
  });

  it('the agent’s services hide other users’ VMs, and refuse changes to callers who may only read', async () => {
    await makeUser(api.access, 'reader', ['vm.view', 'guest.file.read'], { scope: 'tag:team=web' });
    const headers = { ...(await sessionOf(api.access, 'reader')) };
    assert.deepEqual(pathsOf(await call('FileService/List', { path: '/d' }, { vm: 'web', headers })), ['/d/a', '/d/b']);
    const refusals: readonly (readonly [string, object, string, string])[] = [
      ['FileService/List', { path: '/d' }, 'one', 'VM_NOT_FOUND'],
      ['FileService/MakeDirectory', { path: '/x' }, 'web', 'PRIVILEGE_MISSING'],
      ['FileService/Rename', { from: '/d/a', to: '/d/c' }, 'web', 'PRIVILEGE_MISSING'],
      ['FileService/Remove', { path: '/d', recursive: true }, 'web', 'PRIVILEGE_MISSING'],
      ['FileService/SetMode', { path: '/d', mode: 0o777 }, 'web', 'PRIVILEGE_MISSING'],
      ['FileService/SetOwner', { path: '/d', user: 'me' }, 'web', 'PRIVILEGE_MISSING'],
      ['GuestProcessService/Signal', { pid: 50, signal: 9 }, 'web', 'PRIVILEGE_MISSING'],
    ];
    for (const [method, request, vm, reason] of refusals)
      assert.equal((await call(method, request, { vm, headers })).reason, reason, method);
    for (const [method, path] of [
      ['GET', '/v1/vms/one/tar?path=/d'],
      ['PUT', '/v1/vms/web/tar?path=/d'],
    ] as const) {
      const answer = await fetch(`${base}${path}`, { method, headers, ...(method === 'PUT' ? { body: 'x' } : {}) });
      assert.match(answer.headers.get('x-innkeeper-reason') ?? '', /VM_NOT_FOUND|PRIVILEGE_MISSING/);
      await answer.text();
    }
    assert.equal(guest.files.exists('/d/a'), true);
  });

  it('a browser’s calls that change something in a guest need the CSRF token', async () => {
    const { cookie = '' } = admin;
    assert.equal((await call('FileService/Remove', { path: '/d/a' }, { headers: { cookie } })).reason, 'CSRF_REFUSED');
    assert.equal(
      (await call('GuestProcessService/Signal', { pid: 50, signal: 9 }, { headers: { cookie } })).reason,
      'CSRF_REFUSED',
    );
  });

  it('file calls are audited with path and result, never with the content of files', async () => {
    await call('FileService/Remove', { path: '/d/none' });
    await call('FileService/List', { path: '/d' });
    await (await fetch(`${base}/v1/vms/one/tar?path=/d`, { headers: admin })).arrayBuffer();
    const rows = await api.store.audit.list({ limit: 1000 });
    const rowOf = (action: string) => rows.find((row) => row.action === action);
    const removal = rowOf('FileService/Remove');
    assert.deepEqual(
      [removal?.vm_name, removal?.result, JSON.parse(removal?.parameters ?? '{}').path],
      ['one', 'FILE_NOT_FOUND', '/d/none'],
    );
    assert.equal(rowOf('FileService/List')?.result, 'ok');
    const tar = JSON.parse(rowOf('guest.tar.read')?.parameters ?? '{}') as Record<string, unknown>;
    assert.deepEqual([tar['path'], tar['files']], ['/d', 3]);
    assert.ok(Number(tar['bytes']) > 1000);
    assert.ok(!JSON.stringify(rows).includes(secret));
  });

  it('calls to the agent of a VM that ended fail with VM_NOT_RUNNING', async () => {
    const { row } = await api.createVm('ended');
    api.driver.host.machine(row.id)?.crash('boom');
    const stat = () => call('FileService/Stat', { path: '/d' }, { vm: 'ended' });
    await until(async () => (await stat()).reason === 'VM_NOT_RUNNING');
  });

  it('calls to the agent’s services leave no file of the guest open', () => assert.equal(guest.files.openCount, 0));
});

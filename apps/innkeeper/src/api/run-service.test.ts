import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { type RunEvent, RunService, RunState } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

type Headers = Record<string, string>;
type Targets = readonly { readonly vmName: string }[];

describe('the API of runs', { timeout: 60_000 }, () => {
  let api: ServedApi;
  let base: string;
  let admin: Headers;
  let seller: Headers;
  let viewer: Headers;

  before(async () => {
    api = await serveApi({
      startAgent: (channel, { signal }) => {
        const agent = createAgent(new FakeHost({ clock: unrefClock }), silentLog);
        void agent.serveChannel(channel, 'native', signal).catch(() => undefined);
      },
    });
    base = await api.listenTcp();
    await api.createVm('shop', { tags: { team: 'shop' } });
    await api.createVm('other', {});
    await api.createVm('asleep', { agent: false, tags: { team: 'shop' } });
    const { stopVm } = await import('../node/vm/vm-operations.ts');
    const { id } = await stopVm(api.node, 'asleep', 100);
    await api.node.operations.finished(id, AbortSignal.timeout(10_000));
    await api.access.users.createFirst();
    await makeUser(api.access, 'seller', ['vm.view', 'guest.exec'], { scope: 'tag:team=shop' });
    await makeUser(api.access, 'viewer', ['vm.view']);
    admin = { ...(await sessionOf(api.access, 'admin')) };
    seller = { ...(await sessionOf(api.access, 'seller')) };
    viewer = { ...(await sessionOf(api.access, 'viewer')) };
  });
  after(() => api[Symbol.asyncDispose]());

  const start = (request: object, headers: Headers) => callJson(base, 'RunService/StartRun', request, headers);

  /** Starts a run and waits for its end. */
  async function ended(request: object, headers: Headers = admin): Promise<string> {
    const { body, reason } = await start(request, headers);
    assert.equal(reason, '');
    await watch(String(body['id']), admin);
    return String(body['id']);
  }

  async function watch(id: string, headers: Headers): Promise<RunEvent[]> {
    const client = createClient(RunService, createConnectTransport({ baseUrl: base, httpVersion: '1.1' }));
    const events: RunEvent[] = [];
    for await (const event of client.watchRun({ id }, { headers })) events.push(event);
    return events;
  }

  const download = (id: string, query: string, headers: Headers): Promise<Response> =>
    fetch(`${base}/v1/runs/${id}/output?${query}`, { headers });

  it('a run starts on VMs by name or filter, and is refused without valid targets', async () => {
    const named = await start({ spec: { argv: ['echo', 'a'] }, vms: ['shop', 'other', 'shop'] }, admin);
    assert.deepEqual((named.body['targets'] as Targets).map(({ vmName }) => vmName).toSorted(), ['other', 'shop']);
    const filtered = await start({ spec: { argv: ['echo', 'a'] }, filter: 'tag:team=shop' }, admin);
    assert.deepEqual(
      (filtered.body['targets'] as Targets).map(({ vmName }) => vmName),
      ['shop'],
    );
    for (const wrong of [
      { vms: ['shop'] },
      { spec: { argv: ['a'] } },
      { spec: { argv: ['a'] }, filter: ' ' },
      { spec: { argv: ['a'] }, filter: 'nothing-is-called-so' },
      { spec: { argv: ['a'] }, filter: 'shop', vms: ['shop'] },
    ])
      assert.equal((await start(wrong, admin)).reason, 'INVALID_ARGUMENT', JSON.stringify(wrong));
    assert.equal((await start({ spec: { argv: ['a'] }, vms: ['none'] }, admin)).reason, 'VM_NOT_FOUND');
  });

  it('a run accepts a script of the maximum length', async () => {
    const script = `: ${'x'.repeat(1024 * 1024 - 3)}\n`;
    assert.equal((await start({ spec: { script }, vms: ['shop'] }, admin)).reason, '');
    assert.equal((await start({ spec: { script: `${script}x` }, vms: ['shop'] }, admin)).reason, 'INVALID_ARGUMENT');
  });

  it('a run requires the privilege on every VM that is named or selected', async () => {
    const spec = { argv: ['echo', 'a'] };
    assert.equal((await start({ spec, vms: ['shop'] }, seller)).reason, '');
    // VMs that the seller cannot see are reported as missing.
    assert.equal((await start({ spec, vms: ['shop', 'other'] }, seller)).reason, 'VM_NOT_FOUND');
    const all = await start({ spec, filter: 'state:running' }, seller);
    assert.deepEqual(
      (all.body['targets'] as Targets).map(({ vmName }) => vmName),
      ['shop'],
    );
    assert.equal((await start({ spec, vms: ['shop'] }, viewer)).reason, 'PRIVILEGE_MISSING');
    await makeUser(api.access, 'half', ['guest.exec'], { scope: 'tag:team=shop' });
    const half = { ...(await sessionOf(api.access, 'half')) };
    assert.equal((await start({ spec, vms: ['shop'] }, half)).reason, '');
  });

  it('a run shows only visible targets, and secrets only to callers who may run commands there', async () => {
    const spec = { script: 'echo a; echo b\necho needle', environment: { KEY: 'secret' } };
    const both = await ended({ spec, vms: ['shop', 'other'] });
    const only = await ended({ spec: { argv: ['echo', 'other'] }, vms: ['other'] });
    const seen = await callJson(base, 'RunService/GetRun', { id: both }, seller);
    assert.deepEqual(
      (seen.body['targets'] as Targets).map(({ vmName }) => vmName),
      ['shop'],
    );
    assert.ok(!JSON.stringify(seen.body).includes('secret'));
    const whole = await callJson(base, 'RunService/GetRun', { id: both }, admin);
    assert.equal(JSON.stringify(whole.body).includes('secret'), true);
    assert.equal((await callJson(base, 'RunService/GetRun', { id: only }, seller)).reason, 'RUN_NOT_FOUND');
    for (const method of ['WatchRun', 'CancelRun'])
      assert.equal(
        (await callJson(base, 'RunService/CancelRun', { id: only }, seller)).reason,
        'RUN_NOT_FOUND',
        method,
      );
    assert.equal((await callJson(base, 'RunService/CancelRun', { id: both }, seller)).reason, 'PRIVILEGE_MISSING');
    await assert.rejects(watch(both, seller), /PRIVILEGE_MISSING|no privilege/);
    assert.equal((await download(both, 'vm=shop', seller)).headers.get('x-innkeeper-reason'), 'PRIVILEGE_MISSING');
    const listed = async (request: object, headers: Headers): Promise<string[]> => {
      const { body } = await callJson(base, 'RunService/ListRuns', request, headers);
      return ((body['runs'] ?? []) as { id: string }[]).map(({ id }) => id);
    };
    assert.ok((await listed({}, seller)).includes(both));
    assert.ok(!(await listed({}, seller)).includes(only));
    assert.deepEqual(await listed({ text: 'needle' }, admin), [both]);
    assert.deepEqual(await listed({ text: 'needle' }, viewer), []);
    assert.deepEqual(await listed({ text: 'secret' }, admin), []);
    const first = await callJson(base, 'RunService/ListRuns', { limit: 1 }, admin);
    assert.equal(first.body['more'], true);
  });

  it('the output of a run’s target can be downloaded by stream', async () => {
    const id = await ended({ spec: { argv: ['sh', '-c', 'echo out; echo err >&2'] }, vms: ['shop', 'other'] });
    const both = await download(id, 'vm=shop', admin);
    assert.equal(both.headers.get('content-disposition'), `attachment; filename*=UTF-8''run-${id}-shop.log`);
    assert.equal(await both.text(), 'out\nerr\n');
    const stderr = await download(id, 'vm=shop&stream=stderr', admin);
    assert.match(stderr.headers.get('content-disposition') ?? '', /shop\.stderr\.log/);
    assert.equal(await stderr.text(), 'err\n');
    const reason = async (query: string, run = id): Promise<string | null> =>
      (await download(run, query, admin)).headers.get('x-innkeeper-reason');
    assert.equal(await reason(''), 'INVALID_ARGUMENT');
    assert.equal(await reason('vm=shop&stream=x'), 'INVALID_ARGUMENT');
    assert.equal(await reason('vm=asleep'), 'VM_NOT_FOUND');
    assert.equal(await reason('vm=shop', 'none'), 'RUN_NOT_FOUND');
  });

  it('a token with allowed commands is limited to them, and to the runs that it started', async () => {
    const others = await ended({ spec: { argv: ['echo', 'secret'] }, vms: ['shop'] });
    const wanted = { name: 'ci', privileges: ['vm.view', 'guest.exec'], allowedCommands: ['/bin/sh -c echo'] };
    const { body } = await callJson(base, 'AccessService/CreateToken', wanted, admin);
    const bearer = { authorization: `Bearer ${String(body['secret'])}` };
    const argv = ['/bin/sh', '-c', 'echo', 'hi'];
    const own = await start({ spec: { argv }, vms: ['shop'], id: 'mine' }, bearer);
    assert.match(String(own.body['id']), /^[0-9a-f]{16}-mine$/);
    const id = String(own.body['id']);
    assert.ok((await watch(id, bearer)).length > 0);
    assert.equal((await callJson(base, 'RunService/CancelRun', { id }, bearer)).reason, '');
    assert.equal((await download(id, '', bearer)).status, 200);
    for (const spec of [{ argv: ['/bin/sh', '-c', 'id'] }, { script: 'id' }, { argv, environment: { A: 'b' } }])
      assert.equal((await start({ spec, vms: ['shop'] }, bearer)).reason, 'COMMAND_NOT_ALLOWED');
    assert.equal((await callJson(base, 'RunService/CancelRun', { id: others }, bearer)).reason, 'COMMAND_NOT_ALLOWED');
    await assert.rejects(watch(others, bearer), /can only access the runs that it started/);
    assert.equal((await download(others, '', bearer)).headers.get('x-innkeeper-reason'), 'COMMAND_NOT_ALLOWED');
  });

  it('the audit records who ran what where, without environment values and scripts', async () => {
    const spec = { title: 'nightly', script: 'echo hush', environment: { KEY: 'secret' } };
    const id = await ended({ spec, vms: ['shop'] });
    await (await download(id, 'stream=stdout', admin)).text();
    const [entry] = await api.store.audit.list({ action: 'RunService/StartRun', limit: 1 });
    assert.ok(entry);
    assert.ok(entry.parameters.includes(id));
    assert.match(entry.parameters, /nightly/);
    assert.match(entry.parameters, /sha256/);
    assert.match(entry.parameters, /"targets":\["shop"\]/);
    assert.ok(!/secret|hush/.test(entry.parameters));
    const { id: vmId } = api.node.get('shop').row;
    const [end] = await api.store.audit.list({ action: 'run.end', limit: 1 });
    assert.deepEqual([end?.user_name, end?.via, end?.vm_id, end?.result], ['admin', 'run', vmId, 'ok']);
    assert.match(end?.parameters ?? '', new RegExp(`"run":"${id}".*"exit_code":0`));
    const [read] = await api.store.audit.list({ action: 'run.output', limit: 1 });
    assert.match(read?.parameters ?? '', /"stream":"stdout"/);
    const [watched] = await api.store.audit.list({ action: 'RunService/WatchRun', limit: 1 });
    assert.equal(watched?.result, 'ok');
  });

  it('a run on a VM that is not running has the reason VM_NOT_RUNNING and fails', async () => {
    const id = await ended({ spec: { argv: ['true'] }, vms: ['asleep', 'shop'] });
    const run = await api.runs.get(id);
    assert.equal(run.state, RunState.FAILED);
    assert.deepEqual(
      run.targets.map(({ errorReason }) => errorReason),
      ['VM_NOT_RUNNING', ''],
    );
  });

  it('watching a run ends when the caller loses the privilege', async () => {
    await makeUser(api.access, 'fired', ['vm.view', 'guest.exec']);
    const fired = { ...(await sessionOf(api.access, 'fired')) };
    const { body } = await start({ spec: { argv: ['sleep', '1000'] }, vms: ['shop'] }, admin);
    const client = createClient(RunService, createConnectTransport({ baseUrl: base, httpVersion: '1.1' }));
    const id = String(body['id']);
    const seen: RunEvent[] = [];
    const roles = [{ role: 'role-fired', scope: 'tag:team=none' }];
    const watching = (async () => {
      for await (const event of client.watchRun({ id }, { headers: fired })) {
        seen.push(event);
        if (event.event.case !== 'run' || event.event.value.targets[0]?.state !== RunState.RUNNING) continue;
        await callJson(base, 'AccessService/UpdateUser', { name: 'fired', setRoles: true, roles }, admin);
        await api.runs.cancel(id);
      }
    })();
    await assert.rejects(watching, /There is no run/);
    const states = seen.map(({ event }) => (event.case === 'run' ? event.value.state : undefined));
    assert.ok(!states.includes(RunState.CANCELED));
  });
});

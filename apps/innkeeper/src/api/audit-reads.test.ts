import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { Audit, rulesOf } from '@innkeeper/contract/rules';
import { silentLog } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { allMethods } from './testing/all-methods.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const clock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

describe('the audit of what only reads', () => {
  let api: ServedApi;
  let base: string;
  let headers: Record<string, string>;

  before(async () => {
    const agent = createAgent(new FakeHost({ clock }), silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    base = await api.listenTcp();
    await api.createVm('one');
    await api.access.users.createFirst();
    headers = { ...(await sessionOf(api.access, 'admin')) };
  });
  after(() => api[Symbol.asyncDispose]());

  const agentCall = async (method: string, by = headers, vm = 'one'): Promise<number> => {
    const url = `${base}/v1/vms/${vm}/innkeeper.agent.v1.${method}`;
    const asked = { 'content-type': 'application/json', ...by };
    const response = await fetch(url, { method: 'POST', headers: asked, body: '{}' });
    await response.text();
    return response.status;
  };
  const listed = async (request: object): Promise<Record<string, unknown>[]> => {
    const { body } = await callJson(base, 'AuditService/ListAudit', request, headers);
    return (body['entries'] ?? []) as Record<string, unknown>[];
  };

  it('processes, services, inventories, logs, terminals, telemetry and diagnoses of a guest are coalesced, by an option of their methods', () => {
    const coalesced = allMethods.filter((method) => rulesOf(method).audit === Audit.COALESCED);
    assert.deepEqual(coalesced.map(({ parent, name }) => `${parent.name}/${name}`).sort(), [
      'AccountService/List',
      'AccountService/ListKeys',
      'GuestProcessService/List',
      'InventoryService/Get',
      'InventoryService/ListAccounts',
      'InventoryService/ListBlockDevices',
      'InventoryService/ListContainers',
      'InventoryService/ListPackages',
      'LogService/Read',
      'PowerService/GetPower',
      'PowerService/ListHardware',
      'ProcessService/List',
      'SystemService/GetSettings',
      'TelemetryService/GetSystem',
      'TelemetryService/Watch',
      'TerminalService/ListTerminals',
      'UnitService/Get',
      'UnitService/List',
      'VmService/Diagnose',
    ]);
  });

  it('37 listings of processes are one entry with the count 37, and nothing of their requests', async () => {
    for (let index = 0; index < 37; index++) assert.equal(await agentCall('GuestProcessService/List'), 200);
    assert.deepEqual(await api.store.audit.list({ action: 'GuestProcessService/', limit: 10 }), []);
    const [entry, ...others] = await listed({ action: 'GuestProcessService/' });
    assert.deepEqual(others, []);
    assert.deepEqual(
      [entry?.['user'], entry?.['vmName'], entry?.['result'], entry?.['count']],
      ['admin', 'one', 'ok', 37],
    );
    assert.match(String(entry?.['parameters']), /^\{"coalesced_calls":37,"first_unix_ms":\d+\}$/);
    const exported = await (await fetch(`${base}/v1/audit.jsonl?action=GuestProcessService`, { headers })).text();
    assert.match(exported, /coalesced_calls\\":37/);
  });

  it('an entry to which calls are added is in the list at once, without a number, and is updated until it is written', async () => {
    const ofDiagnose = async () =>
      (await listed({ action: 'VmService/Diagnose' })).map(({ id, hash, count }) => [id, hash, count]);
    await callJson(base, 'VmService/Diagnose', { vm: 'one' }, headers);
    assert.deepEqual(await ofDiagnose(), [[undefined, undefined, 1]]);
    await callJson(base, 'VmService/Diagnose', { vm: 'one' }, headers);
    assert.deepEqual(await ofDiagnose(), [[undefined, undefined, 2]]);
    await api.server.gate.coalesced.flush();
    const [[id, hash, count] = [], ...others] = await ofDiagnose();
    assert.deepEqual([others, count], [[], 2]);
    assert.match(`${id} ${hash}`, /^\d+ [0-9a-f]{64}$/);
  });

  it('a page of the audit has at most its size with open entries too, and the next page continues with the written ones', async () => {
    for (const method of ['VmService/Diagnose', 'TerminalService/ListTerminals'])
      await callJson(base, method, { vm: 'one' }, headers);
    const ids: unknown[] = [];
    let pageToken = '';
    do {
      const { body } = await callJson(base, 'AuditService/ListAudit', { pageSize: 1, pageToken, vm: 'one' }, headers);
      const entries = body['entries'] as Record<string, unknown>[];
      assert.equal(entries.length, 1);
      ids.push(entries[0]?.['id']);
      pageToken = String(body['nextPageToken'] ?? '');
    } while (pageToken !== '');
    // The two open entries, then every written one once.
    const written = (await api.store.audit.list({ vm: 'one', limit: 100 })).map(({ id }) => String(id));
    assert.ok(written.length > 0);
    assert.deepEqual(ids, [undefined, undefined, ...written]);
    await api.server.gate.coalesced.flush();
  });

  it('Diagnose, GetSystem, ListTerminals and the list of commands are in the audit', async () => {
    for (let index = 0; index < 2; index++) {
      await callJson(base, 'VmService/Diagnose', { vm: 'one' }, headers);
      await callJson(base, 'TerminalService/ListTerminals', { vm: 'one' }, headers);
      await agentCall('TelemetryService/GetSystem');
      await agentCall('ProcessService/List');
    }
    for (const action of [
      'VmService/Diagnose',
      'TerminalService/ListTerminals',
      'TelemetryService/GetSystem',
      'ProcessService/List',
    ])
      assert.deepEqual((await listed({ action })).map(({ count, vmName }) => [count, vmName])[0], [2, 'one'], action);
  });

  it('refused reads have an entry with the reason, and reads by strangers have none', async () => {
    await makeUser(api.access, 'mia', ['vm.power']);
    const mia = { ...(await sessionOf(api.access, 'mia')) };
    for (let index = 0; index < 3; index++) assert.equal(await agentCall('GuestProcessService/List', mia), 403);
    assert.equal(await agentCall('GuestProcessService/List', {}), 401);
    const refused = (await listed({ result: 'failed' })).map(({ user, count, result }) => [user, count, result]);
    assert.deepEqual(refused, [['mia', 3, 'PRIVILEGE_MISSING']]);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ManualAccessClock } from '../access/testing/manual-access-clock.ts';
import { httpCall } from '../api/testing/http-call.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';

describe('the audit of a token that can only report an address', { timeout: 60_000 }, () => {
  const clock = new ManualAccessClock();
  let api: ServedApi;
  before(async () => {
    api = await serveApi({ clock });
  });
  after(() => api[Symbol.asyncDispose]());

  const local = async (method: string, request: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json' };
    const path = `/innkeeper.control.v1.${method}`;
    const { body } = await httpCall(api.socketPath, 'POST', path, { body: JSON.stringify(request), headers });
    return JSON.parse(body.toString()) as Record<string, unknown>;
  };
  const tokenFor = async (vmId: string): Promise<string> => {
    const request = { name: `of-${vmId}`, privileges: ['guest.report'], scope: `vm:${vmId}` };
    return String((await local('AccessService/CreateToken', request))['secret']);
  };
  /** Calls with a token, 100 times. */
  const flood = async (base: string, token: string, path: string, body: object): Promise<void> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    for (let count = 0; count < 100; count++)
      await (await fetch(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  };
  const entriesBy = async (vmId: string): Promise<{ action: string; parameters: string }[]> =>
    (await api.store.audit.list({ limit: 10_000 })).filter(({ via }) => via === `token of-${vmId}`);

  it('has a bounded number of its reports and refusals, says how many it lacks, and all of others', async () => {
    const base = await api.listenTcp();
    const [{ id }, { id: other }] = [
      (await api.createVm('one', { agent: false })).row,
      (await api.createVm('two', { agent: false })).row,
    ];
    const token = await tokenFor(id);
    await flood(base, token, `/v1/vms/${id}/guest-ip`, { guest_ip: '10.0.2.15' });
    assert.equal((await entriesBy(id)).length, 20);
    assert.equal(api.node.get('one').agent.reportedAddress, '10.0.2.15');
    await flood(base, token, `/v1/vms/${id}/guest-ip`, { guest_ip: 'not one' });
    await flood(base, token, '/innkeeper.control.v1.VmService/DeleteVm', { vm: 'two' });
    await flood(base, token, '/innkeeper.control.v1.VmService/StopVm', { vm: 'one' });
    await flood(base, token, `/v1/vms/${other}/guest-ip`, { guest_ip: '10.0.2.15' });
    const kept = await entriesBy(id);
    assert.ok(kept.length <= 80, `${kept.length} entries of 500 calls`);

    clock.advance(600_000);
    await flood(base, token, `/v1/vms/${id}/guest-ip`, { guest_ip: '10.0.2.16' });
    const next = (await entriesBy(id)).filter(({ parameters }) => parameters.includes('10.0.2.16'));
    assert.deepEqual(
      next.map(({ parameters }) => (JSON.parse(parameters) as { left_out?: number }).left_out),
      [180],
    );

    const request = { name: `of-${other}`, privileges: ['vm.power'], scope: '*' };
    const operator = String((await local('AccessService/CreateToken', request))['secret']);
    await flood(base, operator, '/innkeeper.control.v1.VmService/StopVm', { vm: 'nobody' });
    assert.equal((await entriesBy(other)).length, 100);
    assert.deepEqual(await api.store.audit.list({ result: 'ok', action: 'guest.report', vm: other, limit: 9 }), []);
  });
});

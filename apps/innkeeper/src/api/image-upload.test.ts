import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { callJson } from './testing/call-json.ts';
import { httpCall } from './testing/http-call.ts';
import { serveApi } from './testing/serve-api.ts';

const path = '/v1/image-uploads/upload-1';

describe('the routes of uploads of images', () => {
  it('an image file is sent in parts, its offset is asked for, and what is not added is removed', async () => {
    await using api = await serveApi({});
    const offset = async (): Promise<string | string[] | undefined> =>
      (await httpCall(api.socketPath, 'HEAD', path)).headers['x-innkeeper-offset'];
    assert.equal(await offset(), '0');
    assert.equal((await httpCall(api.socketPath, 'PUT', path, { body: 'abc' })).body.toString(), '{"bytes":3}');
    assert.equal(
      (await httpCall(api.socketPath, 'PUT', `${path}?offset=3`, { body: 'def' })).body.toString(),
      '{"bytes":6}',
    );
    assert.equal(await offset(), '6');
    assert.equal((await httpCall(api.socketPath, 'PUT', `${path}?offset=9`, { body: 'x' })).status, 400);
    assert.equal((await httpCall(api.socketPath, 'DELETE', path)).status, 204);
    assert.equal(await offset(), '0');
    const entries = await api.store.audit.list({ limit: 10 });
    assert.ok(entries.some(({ action, parameters }) => action === 'image.upload' && parameters.includes('"bytes":6')));
  });

  it('uploads of images and their removal need node.manage', async () => {
    await using api = await serveApi({});
    const base = await api.listenTcp();
    await makeUser(api.access, 'viewer', ['vm.view']);
    const headers = await sessionOf(api.access, 'viewer');
    for (const method of ['PUT', 'HEAD', 'DELETE'])
      assert.equal((await fetch(`${base}${path}`, { method, headers: { ...headers } })).status, 403, method);
  });

  it('GetNode reports CPUs, memory and disk of the host, and what is assigned to running VMs', async () => {
    await using api = await serveApi({});
    await api.createVm('one', { agent: false });
    const base = await api.listenTcp();
    await makeUser(api.access, 'viewer', ['vm.view']);
    const { body } = await callJson(base, 'NodeService/GetNode', {}, { ...(await sessionOf(api.access, 'viewer')) });
    const usage = body['usage'] as Record<string, unknown>;
    assert.ok(Number(usage['cpus']) > 0 && Number(usage['memoryTotalBytes']) > Number(usage['memoryAvailableBytes']));
    assert.ok(Number(usage['diskTotalBytes']) >= Number(usage['diskAvailableBytes']));
    assert.deepEqual([usage['runningVms'], usage['assignedCpus']], [1, 1]);
  });
});

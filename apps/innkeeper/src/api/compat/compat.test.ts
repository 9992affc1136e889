import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { WebSocket } from 'ws';
import { httpCall } from '../testing/http-call.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

describe('the compatibility API', () => {
  const guest = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  let id: string;

  before(async () => {
    guest.files.put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/:/bin/sh\n');
    guest.files.put('/etc/group', 'root:x:0:\npostgres:x:70:\nssl:x:71:postgres\n');
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    id = (await api.createVm('one')).row.id;
  });
  after(() => api[Symbol.asyncDispose]());

  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const answer = await httpCall(api.socketPath, 'POST', path, { body, headers });
    return { status: answer.status, json: JSON.parse(answer.body.toString()) as Record<string, unknown> };
  };
  const compute = (method: string, request: object) =>
    post(`/limiquantix.compute.v1.VMService/${method}`, JSON.stringify(request), {
      'content-type': 'application/json',
    });

  it('compat: a command runs as a user with their groups, with snake_case and camelCase fields and any content type', async () => {
    for (const body of [
      '{"command":"id","run_as_user":"postgres","include_supplementary_groups":true}',
      '{"command":"id","runAsUser":"postgres"}',
    ]) {
      const { status, json } = await post(`/api/vms/${id}/execute`, body, {
        'content-type': 'application/x-www-form-urlencoded',
      });
      assert.equal(status, 200);
      const { durationMs, ...rest } = json;
      assert.equal(typeof durationMs, 'number');
      assert.deepEqual(rest, {
        success: true,
        exitCode: 0,
        stdout: 'uid=70 gid=70 groups=70,71\n',
        stderr: '',
        timedOut: false,
        error: '',
      });
    }
    const alone = await post(
      `/api/vms/${id}/execute`,
      '{"command":"id","run_as_user":"70","include_supplementary_groups":false}',
    );
    assert.equal(alone.json['stdout'], 'uid=70 gid=70 groups=70\n');
  });

  it('compat: an exit code is a result, and a failed start is an error', async () => {
    const failed = await post('/api/vms/one/execute', '{"command":"echo bad >&2; exit 3"}');
    assert.deepEqual([failed.status, failed.json['exitCode'], failed.json['stderr']], [200, 3, 'bad\n']);
    const unknown = await post('/api/vms/one/execute', '{"command":"id","run_as_user":"nobody-here"}');
    assert.deepEqual([unknown.status, unknown.json['reason']], [404, 'USER_NOT_FOUND']);
    const gone = await post('/api/vms/none/execute', '{"command":"id"}');
    assert.deepEqual([gone.status, gone.json['reason']], [404, 'VM_NOT_FOUND']);
  });

  it('compat: malformed bodies are refused', async () => {
    for (const body of ['{', '[]', '{"command":5}', '{"command":""}', '{"command":"id","timeout_seconds":-1}'])
      assert.equal((await post('/api/vms/one/execute', body)).json['reason'], 'INVALID_ARGUMENT', body);
  });

  it('compat: freezing file systems and setting the clock are refused while the agent does not support them', async () => {
    for (const what of ['quiesce', 'thaw', 'sync-time']) {
      const { status, json } = await post(`/api/vms/${id}/${what}`, '{"mount_points":["/"],"timeout_seconds":60}');
      assert.deepEqual([status, json['reason']], [501, 'UNSUPPORTED_BY_AGENT'], what);
    }
  });

  it('compat: the address that a guest reports is checked, and forgotten when the VM stops', async () => {
    const report = (address: unknown) => post(`/v1/vms/${id}/guest-ip`, JSON.stringify({ guest_ip: address }));
    assert.deepEqual((await report('10.0.0.7')).json, { ok: true });
    assert.equal(api.node.get('one').agent.reportedAddress, '10.0.0.7');
    for (const wrong of ['127.0.0.1', '0.0.0.0', '224.0.0.1', 'fe80::1', '10.0.0.7; rm', '', 7, '::1', '169.254.0.1'])
      assert.equal((await report(wrong)).json['reason'], 'INVALID_ARGUMENT', String(wrong));
    assert.equal((await post('/v1/vms/none/guest-ip', '{"guest_ip":"10.0.0.7"}')).status, 404);
  });

  it('compat: VMService responds as documented', async () => {
    const ping = await compute('PingAgent', { vmId: id });
    assert.equal(ping.json['connected'], true);
    assert.match(String(ping.json['version']), /^\d+\.\d+\.\d+/);
    const { json } = await compute('ExecuteScript', { vm_id: id, command: 'echo hello', timeoutSeconds: 30 });
    const { durationMs: _, ...result } = json;
    assert.deepEqual(result, { success: true, stdout: 'hello\n' });
    assert.deepEqual(
      (await compute('ExecuteScript', { vmId: id, command: 'echo', args: ['$HOME;'] })).json['stdout'],
      '$HOME;\n',
    );
    const written = await compute('WriteGuestFile', {
      vmId: id,
      path: '/a/b',
      data: 'aGk=',
      mode: 0o640,
      createParents: true,
    });
    assert.deepEqual(written.json, { success: true, bytesWritten: '2' });
    assert.equal(guest.files.stat('/a/b', false).mode, 0o640);
    const read = await compute('ReadGuestFile', { vmId: id, path: '/a/b' });
    assert.deepEqual(read.json, { success: true, data: 'aGk=', totalSize: '2' });
    const cut = await compute('ReadGuestFile', { vmId: id, path: '/a/b', maxSize: '1' });
    assert.deepEqual(cut.json, { success: true, data: 'aA==', totalSize: '2' });
    const missing = await compute('ReadGuestFile', { vmId: id, path: '/none' });
    assert.match(String(missing.json['error']), /FILE_NOT_FOUND/);
    assert.equal(missing.json['success'], undefined);
    assert.equal((await compute('PingAgent', { vmId: 'none' })).status, 404);
  });

  it('compat: the metrics socket sends a guest’s usage once a second, and null for unknown values', async () => {
    const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/${id}/metrics/ws`);
    const [message] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    const metric = JSON.parse(message.toString()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(metric), [
      ...['cpu_usage_percent', 'memory_usage_percent', 'network_in_bytes', 'network_out_bytes'],
      ...['disk_read_bytes', 'disk_write_bytes'],
    ]);
    assert.equal(metric['disk_read_bytes'], null);
  });

  it('compat: the metrics history is listed, and invalid queries are refused', async () => {
    const get = async (query: string) => {
      const answer = await httpCall(api.socketPath, 'GET', `/v1/metrics/vms/${id}${query}`);
      return { status: answer.status, json: JSON.parse(answer.body.toString()) as unknown };
    };
    const { status, json } = await get('');
    assert.equal(status, 200);
    assert.ok(Array.isArray(json));
    for (const wrong of ['?limit=0', '?limit=9999', '?from=x', '?from=20&to=10'])
      assert.equal((await get(wrong)).status, 400, wrong);
  });
});

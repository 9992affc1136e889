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

  it('compat: quiesce freezes until thaw, with a token, and a thaw without a token thaws whatever is frozen', async () => {
    const { status, json } = await post(`/api/vms/${id}/quiesce`, '{"mount_points":["/"],"timeout_seconds":60}');
    const { quiesceToken, autoThawAt, ...rest } = json;
    assert.equal(status, 200);
    const root = { mountPoint: '/', device: '/dev/vda', filesystem: 'ext4', frozen: true, error: '' };
    assert.deepEqual(rest, { success: true, frozen: [root], error: '' });
    const left = Date.parse(String(autoThawAt)) - Date.now();
    assert.ok(left > 50_000 && left <= 60_000, String(autoThawAt));
    assert.deepEqual(guest.freezer.frozen, ['/']);
    assert.equal((await post(`/api/vms/${id}/quiesce`, '')).json['reason'], 'FREEZE_HELD');
    assert.equal((await post(`/api/vms/${id}/thaw`, '{"quiesce_token":"other"}')).json['reason'], 'FREEZE_ENDED');
    const thawed = await post(`/api/vms/${id}/thaw`, JSON.stringify({ quiesce_token: quiesceToken }));
    assert.deepEqual([thawed.json['success'], thawed.json['thawedMountPoints']], [true, ['/']]);
    assert.equal((await post(`/api/vms/${id}/thaw`, '')).json['reason'], 'NOT_FROZEN');
    await post(`/api/vms/${id}/quiesce`, '{}');
    assert.equal((await post(`/api/vms/${id}/thaw`, '')).json['success'], true);
    assert.deepEqual(guest.freezer.frozen, []);
  });

  it('compat: quiesce runs the hooks unless it is told not to, and only those of the known folders', async () => {
    const hook = '/etc/limiquantix/pre-freeze.d/10-db';
    guest.files.put(hook, '', { mode: 0o755 });
    guest.jobs.results.set(`${hook} freeze`, { exitCode: 1, stdout: 'busy' });
    const failed = await post(`/api/vms/${id}/quiesce`, '{}');
    assert.deepEqual([failed.status, failed.json['reason']], [409, 'FREEZE_FAILED']);
    assert.match(String(failed.json['message']), /10-db exited with 1: busy/);
    const without = await post(`/api/vms/${id}/quiesce`, '{"run_pre_freeze_scripts":false}');
    assert.equal(without.json['success'], true);
    await post(`/api/vms/${id}/thaw`, '');
    for (const [what, body] of [
      ['quiesce', { pre_freeze_script_dir: '/tmp' }],
      ['quiesce', { timeout_seconds: 3601 }],
      ['quiesce', { mount_points: '/' }],
      ['quiesce', { mount_points: Array(1025).fill('/') }],
      ['thaw', { post_thaw_script_dir: '/tmp' }],
      ['thaw', { quiesce_token: 'a/b' }],
      ['sync-time', { set_time: 'soon' }],
    ] as const)
      assert.equal(
        (await post(`/api/vms/${id}/${what}`, JSON.stringify(body))).json['reason'],
        'INVALID_ARGUMENT',
        what,
      );
    assert.deepEqual(guest.freezer.frozen, []);
  });

  it('compat: sync-time sets a clock that is off, and answers how far it was off', async () => {
    const wrong = guest.clock.wallTimeNs() - 7_200_000_000_000n;
    guest.clock.setWallTimeNs(wrong);
    const { status, json } = await post(`/api/vms/${id}/sync-time`, '{"force":true}');
    assert.equal(status, 200);
    assert.ok(
      Math.abs(Number(json['offsetSeconds'])) < 7210 && Math.abs(Number(json['residualSeconds'])) < 1,
      JSON.stringify(json),
    );
    assert.ok(Math.abs(Number(guest.clock.wallTimeNs() / 1_000_000n) - Date.now()) < 1000);
    const at = await post(`/api/vms/${id}/sync-time`, '{"set_time":"2030-01-02T03:04:05Z"}');
    assert.match(String(at.json['currentTime']), /^2030-01-02T03:04:0[5-9]/);
    await post(`/api/vms/${id}/sync-time`, '');
  });

  it('SyncClock sets a clock that is off, and names what set it', async () => {
    const sync = () =>
      post('/innkeeper.control.v1.VmService/SyncClock', JSON.stringify({ vm: id }), {
        'content-type': 'application/json',
      });
    guest.clock.setWallTimeNs(guest.clock.wallTimeNs() + 3_000_000_000n);
    const { json } = await sync();
    assert.equal(json['source'], 'the host');
    const [offset, residual] = [json['offsetNs'], json['residualNs'] ?? '0'].map((ns) => Number(ns) / 1e9);
    assert.ok(Math.abs(Number(offset) - 3) < 1 && Math.abs(Number(residual)) < 0.5, JSON.stringify(json));
    guest.files.put('/proc/77/comm', 'chronyd\n');
    guest.jobs.results.set('/usr/bin/chronyc burst 2/2', { exitCode: 1, stdout: '501 Not authorised' });
    const refused = await sync();
    assert.deepEqual(
      [refused.json['source'], refused.json['service'], refused.json['serviceError']],
      ['the host', 'chrony', '/usr/bin/chronyc burst 2/2: 501 Not authorised'],
    );
    guest.files.remove('/proc/77');
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
      ...['disk_read_bytes', 'disk_write_bytes', 'disk_source'],
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

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, createTestVm, isConnected, waitForVm } from './vm-state.ts';

const name = 'test-policy';
const config = '/etc/innkeeper/agent.toml';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly state: string; readonly detail: string }[];
}

describe('the policy of a guest, with a real guest', () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };

  const guest = (script: string): Promise<string> => guestShell(name, script, options);
  const doctor = async (): Promise<Report> =>
    JSON.parse(await guest('/usr/local/bin/innkeeper-agent doctor -o json || true')) as Report;
  const put = async (text: string, path: string) =>
    inn(['cp', '-', `${name}:${path}`], { ...options, input: Buffer.from(text) });

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 180_000);
  });

  after(() => cleanUp(daemon, [name]));

  it('doctor in a guest that works finds nothing missing between the agent and its host', async () => {
    const { ok, findings } = await doctor();
    assert.equal(ok, true, JSON.stringify(findings));
    assert.match(
      findings.find(({ check }) => check === 'port')?.detail ?? '',
      /has the port org.innkeeper.agent.0 open/,
    );
    assert.equal(findings.find(({ check }) => check === 'unit')?.state, 'ok');
  });

  it('doctor names the line of a configuration file that is wrong', async () => {
    await guest('mkdir -p /etc/innkeeper');
    assert.equal((await put('[policy]\nread_only = perhaps\n', config)).exitCode, 0);
    const { ok, findings } = await doctor();
    assert.equal(ok, false);
    assert.match(findings.find(({ state }) => state === 'problem')?.detail ?? '', /agent\.toml line 2: /);
  });

  it('after a restart of the agent its host can do what the file allows, cannot change it, and is told why', async () => {
    await guest('mkdir -p /srv/in /root/private; echo readable >/srv/file; echo secret >/root/private/file');
    const port = (
      await guest('echo /dev/$(cd /sys/class/virtio-ports; grep -l org.innkeeper.agent.0 */name | cut -d/ -f1)')
    ).trim();
    assert.match(port, /^\/dev\/vport/);
    const rules =
      '[policy]\nfeatures_off = ["exec", "tunnel"]\nroots = ["/srv", "/etc"]\nwrite_roots = ["/srv/in", "/etc"]\n';
    assert.equal((await put(`device_path = "${port}"\n${rules}`, config)).exitCode, 0);
    // The command ends with the agent, so its result is lost.
    await inn(['exec', name, '--', 'sh', '-c', 'kill $(pidof innkeeper-agent)'], options);
    await waitForVm(
      name,
      options.dataDirectory,
      (vm) => isConnected(vm) && vm.agent?.capabilities.includes('exec') === false && vm.system !== undefined,
    );
    const refusedExec = await inn(['exec', name, '--', 'true'], options);
    assert.match(refusedExec.stderr, /DENIED_BY_GUEST_POLICY|features_off in line 3 of/);
    assert.notEqual(refusedExec.exitCode, 0);
    assert.equal(await innText(['cp', `${name}:/srv/file`, '-'], options), 'readable\n');
    assert.equal((await put('x', '/srv/in/new')).exitCode, 0);
    for (const path of ['/srv/new', config, '/etc/innkeeper/other', '/root/new'])
      assert.match((await put('x', path)).stderr, /policy of this guest forbids/, path);
    assert.match((await inn(['cp', `${name}:/root/private/file`, '-'], options)).stderr, /roots in line 4 of/);
    const shown = await innText(['show', name], options);
    assert.match(
      shown,
      /^ +cannot +.*exec .*\(the guest’s policy: features_off in line 3 of \/etc\/innkeeper\/agent\.toml\)/m,
    );
    assert.match(await innText(['doctor', name], options), /The guest turns off exec, /);
  });
});

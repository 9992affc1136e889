import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { diagnose } from './diagnose.ts';
import type { Finding } from './finding.ts';

const configPath = '/etc/innkeeper/agent.toml';
const port = { name: 'org.innkeeper.agent.0', path: '/dev/vport1p1' };

/** A guest of busybox in which everything is as it should be. */
function goodGuest(): FakeHost {
  const host = new FakeHost();
  const { files } = host;
  files.putFolder('/sbin');
  files.putLink('/sbin/init', '/bin/busybox');
  files.put('/etc/inittab', '::sysinit:/etc/rc\n::respawn:/usr/local/bin/innkeeper-agent serve\n');
  files.putFolder('/dev');
  files.putSpecial(port.path, 'character');
  putAgent(host, 70);
  files.putLink('/proc/70/fd/7', port.path);
  return host;
}

function putAgent(host: FakeHost, pid: number): void {
  host.files.put(`/proc/${pid}/cmdline`, '/usr/local/bin/innkeeper-agent\0serve\0');
  host.files.put(`/proc/${pid}/comm`, 'innkeeper-agent\n');
  host.files.putFolder(`/proc/${pid}/fd`);
}

const short = (findings: readonly Finding[]): string[] => findings.map(({ check, state }) => `${check} ${state}`);

async function problemsOf(host: FakeHost, ports = [port]): Promise<Finding[]> {
  return (await diagnose(host, configPath, ports)).filter(({ state }) => state !== 'ok');
}

describe('innkeeper-agent doctor', () => {
  it('a guest in which all is well has a finding for every check, and changes nothing', async () => {
    const host = goodGuest();
    const before = host.files.names('/dev');
    const findings = await diagnose(host, configPath, [port]);
    assert.deepEqual(short(findings), [...['permission ok', 'port ok', 'process ok', 'unit ok', 'configuration ok']]);
    assert.match(findings[1]?.detail ?? '', /process 70, has the port org.innkeeper.agent.0 open/);
    assert.deepEqual([host.files.names('/dev'), host.files.openCount], [before, 0]);
  });

  it('without a port the driver is told from the channel that the host does not give', async () => {
    const host = goodGuest();
    const [first] = await problemsOf(host, []);
    assert.match(`${first?.detail} ${first?.next}`, /no driver.* modprobe virtio_console/);
    host.files.putFolder('/sys/class/virtio-ports');
    const [second] = await problemsOf(host, []);
    assert.match(`${second?.detail} ${second?.next}`, /no virtio-serial port add the channel org.innkeeper.agent.0/);
    const [third] = await problemsOf(host, [{ name: 'org.qemu.guest_agent.0', path: '/dev/vport1p2' }]);
    assert.match(third?.detail ?? '', /only org.qemu.guest_agent.0/);
  });

  it('a port without a device, without a reader, and with another program as reader are problems', async () => {
    const host = goodGuest();
    host.files.remove('/proc/70/fd/7');
    assert.match((await problemsOf(host))[0]?.detail ?? '', /no program has the port/);
    host.files.put('/proc/9/comm', 'qemu-ga\n');
    host.files.put('/proc/9/cmdline', '/usr/sbin/qemu-ga\0-p\0/dev/vport1p1\0');
    host.files.putFolder('/proc/9/fd');
    host.files.putLink('/proc/9/fd/3', port.path);
    assert.match((await problemsOf(host))[0]?.detail ?? '', /qemu-ga, process 9, has the port .* open, which only one/);
    assert.ok(short(await diagnose(host, configPath, [port])).includes('other agent ok'));
    host.files.remove(port.path);
    assert.match((await problemsOf(host))[0]?.detail ?? '', /has no device \/dev\/vport1p1/);
  });

  it('qemu-ga on its own port is not a problem, and doctor says that the agent leaves it that port', async () => {
    const host = goodGuest();
    const shared = { name: 'org.qemu.guest_agent.0', path: '/dev/vport1p2' };
    host.files.put('/proc/9/comm', 'qemu-ga\n');
    host.files.put('/proc/9/cmdline', '/usr/sbin/qemu-ga\0');
    host.files.putFolder('/proc/9/fd');
    host.files.putLink('/proc/9/fd/3', shared.path);
    const findings = await diagnose(host, configPath, [port, shared]);
    assert.ok(findings.every(({ state }) => state === 'ok'));
    assert.match(
      findings.map(({ detail }) => detail).join('\n'),
      /qemu-ga, process 9, has the port org.qemu.guest_agent.0 open, and the agent leaves it/,
    );
  });

  it('doctor says that the agent leaves its port to a qemu-ga that is installed and does not run', async () => {
    const host = goodGuest();
    const shared = { name: 'org.qemu.guest_agent.0', path: '/dev/vport1p2' };
    const ofPort = async (): Promise<(string | undefined)[]> =>
      (await diagnose(host, configPath, [port, shared])).flatMap(({ detail, state }) =>
        detail.includes(shared.name) ? [state, detail] : [],
      );
    assert.deepEqual(await ofPort(), []);
    host.files.put('/usr/sbin/qemu-ga', '', { mode: 0o755 });
    const [state, detail = ''] = await ofPort();
    assert.equal(state, 'ok');
    assert.match(detail, /leaves it to \/usr\/sbin\/qemu-ga, which does not run/);
    host.files.putLink('/proc/self/exe', '/usr/sbin/qemu-ga');
    assert.deepEqual(await ofPort(), [], 'the agent by another name');
  });

  it('no agent and a second agent are problems', async () => {
    const host = goodGuest();
    putAgent(host, 71);
    assert.match((await problemsOf(host))[0]?.detail ?? '', /^2 agents run: processes 70, 71/);
    host.files.put('/proc/70/cmdline', 'sh\0');
    host.files.put('/proc/71/cmdline', '/usr/local/bin/innkeeper-agent\0doctor\0');
    assert.deepEqual(short(await problemsOf(host)), ['process problem']);
  });

  it('a service that is missing, not enabled or not running says what to run', async () => {
    const host = goodGuest();
    host.files.put('/etc/inittab', '#::respawn:/usr/local/bin/innkeeper-agent serve\n');
    assert.match((await problemsOf(host))[0]?.next ?? '', /respawn/);
    host.files.putFolder('/run/systemd/system');
    host.files.put('/bin/systemctl', '', { mode: 0o755 });
    const shown = (facts: string): void => {
      host.jobs.run = async () => ({ exitCode: 0, stdout: facts, stderr: '' });
    };
    const unit = (load: string, active: string, file: string): string =>
      `Id=innkeeper-agent.service\nNames=innkeeper-agent.service\nLoadState=${load}\nActiveState=${active}\nSubState=x\nUnitFileState=${file}\n`;
    shown(unit('not-found', 'inactive', ''));
    assert.match((await problemsOf(host))[0]?.detail ?? '', /systemd has no service innkeeper-agent/);
    shown(unit('loaded', 'active', 'disabled'));
    assert.match((await problemsOf(host))[0]?.next ?? '', /systemctl enable innkeeper-agent/);
    shown(unit('loaded', 'failed', 'enabled'));
    assert.match((await problemsOf(host))[0]?.next ?? '', /systemctl start innkeeper-agent/);
    shown(unit('loaded', 'active', 'enabled'));
    assert.deepEqual(await problemsOf(host), []);
  });

  it('every problem of the configuration file is named with its line, and rules that do not limit are warnings', async () => {
    const host = goodGuest();
    host.files.put(configPath, 'a = 1\n[policy]\nroots = "/srv"\n');
    assert.deepEqual(
      (await problemsOf(host)).map(({ detail }) => detail),
      [`${configPath} line 1: unknown key "a"`, `${configPath} line 3: roots must be a list of texts in double quotes`],
    );
    host.files.put(configPath, 'http_address = ":80"\n');
    assert.equal((await problemsOf(host))[0]?.state, 'problem');
    host.files.put(configPath, 'http_address = "0.0.0.0:80"\n[policy]\nroots = ["/data"]\n');
    host.files.putLink('/data', '/srv');
    assert.deepEqual(
      (await problemsOf(host)).map(({ state, detail }) => `${state} ${detail.slice(0, 40)}`),
      ['warning the root /data is a symbolic link or bel', 'warning roots do not limit the host while it may'],
    );
    host.files.put(configPath, 'device_path = "/dev/none"\n');
    assert.match((await problemsOf(host))[0]?.detail ?? '', /device_path is \/dev\/none, which does not exist/);
  });
});

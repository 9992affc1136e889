import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { before, describe, it } from 'node:test';
import { buildAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { KubeVirtPoller, type polls, schedule } from './clients/kubevirt-poller.ts';
import { LibvirtClient } from './clients/libvirt-client.ts';
import { ProxmoxClient } from './clients/proxmox-client.ts';
import { QgaSocket } from './qga-socket.ts';

before(buildAgent, { timeout: 300_000 });

describe('clients of QGA as others have written them', { timeout: 120_000 }, () => {
  it('libvirt synchronizes behind what an earlier client has left, and tells what is unsupported from what failed', async () => {
    await using agent = await RunningAgent.start({ config: () => '[qga]\nblock_commands = ["guest-exec"]\n' });
    await using libvirt = await LibvirtClient.open(agent.socket);
    assert.deepEqual(await libvirt.call('guest-get-host-name'), { 'host-name': hostname() });
    await assert.rejects(libvirt.call('guest-exec', { path: 'true' }), /^Error: unsupported: .*has been disabled/);
    await assert.rejects(libvirt.call('guest-file-close', { handle: 5 }), /^Error: failed: handle '5' has not been/);
    await assert.rejects(libvirt.call('guest-nothing'), /^Error: unsupported: The command guest-nothing/);
  });

  it('Proxmox gets its two lines in order for every command, also after a client that left in the middle of one', async () => {
    await using agent = await RunningAgent.start();
    const proxmox = new ProxmoxClient(agent.socket);
    {
      await using other = await QgaSocket.open(agent.socket);
      await other.write('{"execute":"guest-exec-st');
    }
    assert.deepEqual(await proxmox.call('guest-ping'), {});
    const system = await proxmox.call<{ 'kernel-release': string }>('guest-get-osinfo');
    assert.equal(system['kernel-release'], release());
    const { pid } = await proxmox.call<{ pid: number }>('guest-exec', { path: 'true' });
    let status: { readonly exited: boolean; readonly exitcode?: number };
    do status = await proxmox.call('guest-exec-status', { pid });
    while (!status.exited);
    assert.equal(status.exitcode, 0);
    await assert.rejects(proxmox.call('guest-exec-status', { pid }), { message: `PID ${pid} does not exist` });
  });

  it('KubeVirt polls from ten seconds on, twice as late each time, up to the interval of each', () => {
    const times = (name: keyof typeof polls): number[] =>
      schedule(700)
        .filter((each) => each.name === name)
        .map(({ atSeconds }) => atSeconds);
    assert.deepEqual(times('system').slice(0, 6), [10, 30, 70, 150, 270, 390]);
    assert.deepEqual(times('filesystems'), [10, 30, 70, 150, 310, 610]);
    assert.equal(times('users').length, 70);
  });

  it('an hour of KubeVirt’s polls is answered, describes the guest, and leaves the agent as small as before', async () => {
    await using agent = await RunningAgent.start();
    await using libvirt = await LibvirtClient.open(agent.socket);
    const poller = new KubeVirtPoller(libvirt);
    const hour = schedule(3600);
    const early = 60;
    for (const { name } of hour.slice(0, early)) await poller.poll(name);
    const rss = await agent.status('VmRSS');
    for (const { name } of hour.slice(early)) await poller.poll(name);
    const found = poller.describe();
    assert.deepEqual(found.missing, []);
    assert.deepEqual([found.hostname, found.system, found.isFrozen], [hostname(), release(), false]);
    assert.ok(found.interfaces.some(({ name, addresses }) => name === 'lo' && addresses.includes('127.0.0.1')));
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    for (const { mountPoint } of found.filesystems) assert.ok(mounts.includes(` ${mountPoint} `), mountPoint);
    assert.ok(poller.asked > 400, `${poller.asked}`);
    const grown = (await agent.status('VmRSS')) - rss;
    assert.ok(grown < 1024, `${grown} KiB more after ${poller.asked} commands`);
  });

  it('KubeVirt calls an agent unsupported whose guest has disabled a command, and asks for the others all the same', async () => {
    const config = (): string => '[qga]\nblock_commands = ["guest-get-users", "guest-set-user-password"]\n';
    await using agent = await RunningAgent.start({ config });
    await using libvirt = await LibvirtClient.open(agent.socket);
    const poller = new KubeVirtPoller(libvirt);
    for (const { name } of schedule(70)) await poller.poll(name);
    const found = poller.describe();
    assert.deepEqual([...found.missing].sort(), ['guest-get-users', 'guest-set-user-password']);
    assert.deepEqual([found.hostname, found.users], [hostname(), []]);
    const { asked } = poller;
    poller.suspend();
    await poller.poll('system');
    assert.equal(poller.asked, asked);
  });
});

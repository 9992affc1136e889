import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { JsonFramesClient } from '../conformance/operations/json-frames-client.ts';
import { NativeClient } from '../conformance/operations/native-client.ts';
import { KubeVirtPoller, schedule } from '../conformance/qga/clients/kubevirt-poller.ts';
import { LibvirtClient } from '../conformance/qga/clients/libvirt-client.ts';
import { ProxmoxClient } from '../conformance/qga/clients/proxmox-client.ts';
import { QgaSocket } from '../conformance/qga/qga-socket.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { kernelModules } from './guest-modules.ts';
import { innText } from './inn.ts';
import { keptFolder } from './kept-folder.ts';
import { cleanUp, createTestVm, say } from './vm-state.ts';
import { compileVsockPipe, VsockBridge } from './vsock-bridge.ts';

const name = 'test-foreign-hosts';
const loopback = '1';
const servedPort = '2048';

describe('other people’s hosts and a real guest', { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-hosts-'));
  let daemon: Daemon;
  let options: { dataDirectory: string };
  /** QEMU's socket of the port org.qemu.guest_agent.0. */
  let socket = '';

  const guest = (script: string): Promise<string> => innText(['exec', name, '--', 'sh', '-c', script], options);

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    const { id } = await createTestVm(daemon, name, 'tiny', 120_000);
    socket = join(daemon.dataDirectory, 'run', id.slice(0, 8), 'org.qemu.guest_agent.0.sock');
  });

  after(async () => {
    try {
      await cleanUp(daemon, [name]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('libvirt’s handshake works on the port of a guest, behind what an earlier client has left there', async () => {
    {
      await using other = await QgaSocket.open(socket);
      await other.write('{"execute":"guest-get-osinfo"}\n');
    }
    await using libvirt = await LibvirtClient.open(socket);
    const host = await libvirt.call<{ readonly 'host-name': string }>('guest-get-host-name');
    assert.equal(host['host-name'], (await guest('cat /proc/sys/kernel/hostname')).trim());
    const disks = await libvirt.call<readonly { readonly mountpoint: string }[]>('guest-get-fsinfo');
    assert.ok(disks.some(({ mountpoint }) => mountpoint === '/'));
  });

  it('Proxmox runs a command in a guest, each request on a connection of its own', async () => {
    const proxmox = new ProxmoxClient(socket);
    const { pid } = await proxmox.call<{ readonly pid: number }>('guest-exec', {
      path: 'sh',
      arg: ['-c', 'uname -s; exit 4'],
      'capture-output': true,
    });
    let status: { readonly exited: boolean; readonly exitcode?: number; readonly 'out-data'?: string } | undefined;
    await until(async () => {
      status = await proxmox.call('guest-exec-status', { pid });
      return status?.exited === true;
    });
    assert.deepEqual([status?.exitcode, Buffer.from(status?.['out-data'] ?? '', 'base64').toString()], [4, 'Linux\n']);
  });

  it('a freeze by Proxmox lasts although nobody is connected, and the thaw counts what was frozen', async () => {
    const proxmox = new ProxmoxClient(socket);
    const count = await proxmox.call<number>('guest-fsfreeze-freeze');
    assert.ok(count >= 1, `${count}`);
    try {
      for (let asked = 0; asked < 5; asked++) assert.equal(await proxmox.call('guest-fsfreeze-status'), 'frozen');
      await assert.rejects(proxmox.call('guest-get-osinfo'), /has been disabled/);
    } finally {
      assert.equal(await proxmox.call('guest-fsfreeze-thaw'), count);
    }
    assert.equal(await proxmox.call('guest-fsfreeze-status'), 'thawed');
    await guest('echo written >/after-thaw && sync');
    assert.equal(await proxmox.call('guest-fsfreeze-thaw'), 0);
  });

  it('guest-fsfreeze-freeze-list freezes the root alone, and guest-fstrim names what it trimmed or why not', async () => {
    const proxmox = new ProxmoxClient(socket);
    try {
      assert.equal(await proxmox.call('guest-fsfreeze-freeze-list', { mountpoints: ['/', '/no/such'] }), 1);
    } finally {
      assert.equal(await proxmox.call('guest-fsfreeze-thaw'), 1);
    }
    const { paths } = await proxmox.call<{
      readonly paths: readonly { readonly path: string; readonly trimmed?: number; readonly error?: string }[];
    }>('guest-fstrim', { minimum: 4096 });
    const root = paths.find(({ path }) => path === '/');
    assert.ok(root?.trimmed !== undefined || root?.error !== undefined, JSON.stringify(paths));
  });

  it('KubeVirt’s polls describe a guest whose file systems it can see', async () => {
    await using libvirt = await LibvirtClient.open(socket);
    const poller = new KubeVirtPoller(libvirt);
    for (const { name: poll } of schedule(70)) await poller.poll(poll);
    const found = poller.describe();
    assert.deepEqual(found.missing, []);
    assert.equal(found.system, (await guest('uname -r')).trim());
    assert.ok(found.filesystems.some(({ mountPoint, totalBytes }) => mountPoint === '/' && totalBytes > 0));
  });

  it('on vsock a host is served by JSON frames and natively if its CID is accepted, and refused by default', async (test) => {
    const pipe = compileVsockPipe(folder);
    if ('why' in pipe) return test.skip(pipe.why);
    const modules = await kernelModules(join(keptFolder, 'vsock-modules'), ['vsock_loopback']);
    await guest('mkdir -p /run/vsock');
    await innText(['cp', pipe.path, ...modules, `${name}:/run/vsock/`], options);
    // The first of them are in the kernel since its start.
    await guest('chmod +x /run/vsock/vsock-pipe; for m in /run/vsock/*.ko; do insmod $m 2>/dev/null; done; true');
    if (!(await guest('cat /proc/modules')).includes('vsock_loopback'))
      return test.skip('the guest’s kernel has no vsock_loopback');
    await guest(
      `$(readlink /proc/$PPID/exe) serve --no-virtio --listen vsock:${servedPort} --vsock-peers ${loopback} >/run/vsock/log 2>&1 </dev/null &`,
    );
    await until(async () => (await guest('cat /run/vsock/log')).includes('vsock.listening'), {
      what: 'the agent to listen on vsock',
    });
    const bridgeTo = async (port: string): Promise<VsockBridge> => {
      const command = ['/run/vsock/vsock-pipe', loopback, port];
      const bridge = new VsockBridge(join(folder, `vsock-${port}`), name, command, options);
      await bridge.listen();
      return bridge;
    };
    await using served = await bridgeTo(servedPort);
    {
      await using json = await JsonFramesClient.connect(served.path, new Set());
      await json.alive();
      assert.equal(`${(await json.run({ shell: 'uname -s' })).stdout}`, 'Linux\n');
      await json.write({ path: '/run/vsock/text', data: Buffer.from('by vsock'), mode: 0o600 });
      say('JSON frames by vsock: answered');
    }
    assert.equal(await guest('cat /run/vsock/text'), 'by vsock');
    {
      await using native = await NativeClient.connect(served.path);
      const { stdout, exitCode } = await native.run({ argv: ['cat', '/run/vsock/text'] });
      assert.deepEqual([`${stdout}`, exitCode], ['by vsock', 0]);
      say('native by vsock: answered');
    }
    // The agent of the guest itself has no such setting.
    await using refused = await bridgeTo('1024');
    await using json = await JsonFramesClient.connect(refused.path, new Set());
    await assert.rejects(json.alive(), /closed the connection/);
  });
});

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { buildAgent } from '../../apps/agent/testing/running-agent.ts';
import { makeBenchImage } from '../bench/bench-image.ts';
import { startDaemon } from './daemon.ts';
import { inn, innText } from './inn.ts';
import { findLibvirt, PrivateLibvirt } from './libvirt/private-libvirt.ts';
import { isConnected, say, waitForVm } from './vm-state.ts';

const name = 'innkeeper-libvirt';
const found = await findLibvirt();
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} test`;

/** A domain under emulation whose only agent is Innkeeper's, on the port of qemu-ga. */
function domainXml(folder: string, commandLine: string): string {
  return `<domain type="qemu">
  <name>${name}</name><memory unit="MiB">256</memory><vcpu>2</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type>
    <kernel>${folder}/kernel</kernel><initrd>${folder}/initrd</initrd><cmdline>${commandLine}</cmdline></os>
  <features><acpi/></features>
  <devices>
    <disk type="file" device="disk"><driver name="qemu" type="qcow2"/>
      <source file="${folder}/disk.qcow2"/><target dev="vda" bus="virtio"/></disk>
    <interface type="user"><model type="virtio"/></interface>
    <channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
    <controller type="usb" model="none"/><memballoon model="none"/>
  </devices>
</domain>`;
}

describe('libvirt itself with a guest of Innkeeper’s agent', {
  skip: 'why' in found ? found.why : false,
  timeout: 900_000,
}, () => {
  let folder = '';
  let libvirt: PrivateLibvirt;

  /** A command of virsh on the domain. */
  const ask = (command: string, ...words: readonly string[]): Promise<string> => libvirt.virsh(command, name, ...words);
  const agent = async <T>(execute: string, parameters: object = {}): Promise<T> => {
    const answer = await ask('qemu-agent-command', JSON.stringify({ execute, arguments: parameters }));
    return (JSON.parse(answer) as { readonly return: T }).return;
  };
  const read = async (path: string): Promise<string> => {
    const handle = await agent<number>('guest-file-open', { path });
    const { 'buf-b64': text } = await agent<{ readonly 'buf-b64': string }>('guest-file-read', {
      handle,
      count: 65_536,
    });
    await agent('guest-file-close', { handle });
    return Buffer.from(text, 'base64').toString();
  };

  before(async () => {
    if ('why' in found) return;
    await buildAgent();
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-libvirt-'));
    const { diskPath, kernel } = await makeBenchImage('tiny', folder, say);
    await copyFile(kernel.path, join(folder, 'kernel'));
    await copyFile(kernel.initrdPath, join(folder, 'initrd'));
    assert.equal(diskPath, join(folder, 'disk.qcow2'));
    libvirt = await PrivateLibvirt.start(found.root);
    for (const each of ['', 'kernel', 'initrd', 'disk.qcow2', 'base.raw']) await libvirt.give(join(folder, each));
    const xml = join(folder, 'domain.xml');
    await writeFile(xml, domainXml(folder, kernel.commandLine));
    await libvirt.virsh('define', xml);
    await ask('start');
    say('libvirt has started the domain');
    await until(() => agent('guest-ping').then(() => true), {
      withinMs: 300_000,
      everyMs: 1000,
      retryErrors: true,
      what: 'the agent to answer libvirt',
    });
    say('the agent answers libvirt');
  });

  after(async () => {
    if ('why' in found) return;
    await ask('destroy').catch(() => undefined);
    await libvirt?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('guestinfo, domhostname, domfsinfo and domifaddr describe the guest', async () => {
    const info = await ask('guestinfo');
    assert.match(info, /^os\.kernel-release +: \d/m);
    assert.match(info, /^hostname +: \S/m);
    assert.match(info, /^timezone\.offset +: 0$/m);
    assert.match(info, /^fs\.0\.mountpoint +: \/$/m);
    assert.equal(await ask('domhostname', '--source', 'agent'), (await read('/proc/sys/kernel/hostname')).trim());
    assert.match(await ask('domfsinfo'), /^ *\/ +\S+ +ext4/m);
    assert.match(await ask('domifaddr', '--source', 'agent'), /^ *lo .*127\.0\.0\.1\/8/m);
  });

  it('domfsfreeze and domfsthaw freeze and thaw the root, and while frozen nothing else is allowed', async () => {
    assert.match(await ask('domfsfreeze'), /Froze 1 filesystem/);
    try {
      assert.equal(await agent('guest-fsfreeze-status'), 'frozen');
      await assert.rejects(ask('domfsinfo'), /disabled|not supported/);
    } finally {
      assert.match(await ask('domfsthaw'), /Thawed 1 filesystem/);
    }
    assert.equal(await agent('guest-fsfreeze-status'), 'thawed');
    await ask('domfstrim').catch((error: unknown) => assert.match(String(error), /trim/i));
  });

  it('domtime reads and sets the clock', async () => {
    const seconds = async (): Promise<number> => Number(/(\d+)/.exec(await ask('domtime'))?.[1]);
    const before = await seconds();
    assert.ok(Math.abs(before - Date.now() / 1000) < 600, `${before}`);
    await ask('domtime', '--time', String(before + 86_400));
    const later = await seconds();
    assert.ok(later >= before + 86_400 && later < before + 90_000, `${before} ${later}`);
    await ask('domtime', '--now');
    assert.ok(Math.abs((await seconds()) - Date.now() / 1000) < 600);
  });

  it('set-user-password and the SSH keys of a user are changed through libvirt', async () => {
    const before = await read('/etc/shadow');
    await ask('set-user-password', 'root', 'a new one');
    const changed = await read('/etc/shadow');
    assert.notEqual(changed, before);
    assert.match(changed, /^root:\$\d\$/m);
    const file = join(folder, 'keys');
    await writeFile(file, `${key}\n`);
    await ask('set-user-sshkeys', 'root', '--file', file);
    assert.ok((await ask('get-user-sshkeys', 'root')).includes(key));
    await ask('set-user-sshkeys', 'root', '--file', file, '--remove');
    assert.ok(!(await ask('get-user-sshkeys', 'root')).includes(key));
  });

  it('guestvcpus shows the processors, and takes the second one off line and back', async () => {
    assert.match(await ask('guestvcpus'), /^online +: 0-1$/m);
    await ask('guestvcpus', '--disable', '--cpulist', '1');
    assert.match(await ask('guestvcpus'), /^online +: 0$/m);
    await ask('guestvcpus', '--enable', '--cpulist', '1');
    assert.match(await ask('guestvcpus'), /^online +: 0-1$/m);
  });

  it('inn adopt --libvirt finds the domain and shows its figures', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = `${libvirt.programs}:${path}`;
    const daemon = await startDaemon().finally(() => {
      process.env['PATH'] = path;
    });
    try {
      const options = { dataDirectory: daemon.dataDirectory };
      const adopted = await innText(['adopt', '--libvirt', '--uri', 'qemu:///session'], options);
      assert.match(adopted, new RegExp(`${name} is adopted, for reading`));
      await waitForVm(
        name,
        daemon.dataDirectory,
        (vm) => isConnected(vm) && vm.telemetry?.memory !== undefined,
        120_000,
      );
      assert.match(await innText(['ls'], options), new RegExp(name));
      const refused = await inn(['exec', name, '--', 'true'], options);
      assert.notEqual(refused.exitCode, 0, 'a domain that is adopted for reading runs no commands');
    } finally {
      await inn(['release', name], { dataDirectory: daemon.dataDirectory });
      await daemon[Symbol.asyncDispose]();
    }
  });
});

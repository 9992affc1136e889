import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runFiles } from './run-files.ts';
import { inNamespace, joinNamespace, needsResolver, networkKindOf, writeResolvConf } from './user-network.ts';

const files = runFiles('/run/vm');
const common = { pid: 4711, files, isRoot: false };

describe('the network namespace of a VM', () => {
  it('inNamespace runs the given program with unchanged arguments', () => {
    const qemu = { program: 'qemu', args: ['-name', 'a b', ''] };
    const { program, args } = inNamespace(qemu, { lock: '/run/vm/network.lock', resolvConf: undefined });
    assert.equal(program, 'unshare');
    assert.deepEqual(args.slice(0, 4), ['--user', '--map-root-user', '--net', '--']);
    assert.deepEqual(args.slice(-6), ['/run/vm/network.lock', '', 'qemu', '-name', 'a b', '']);
    for (const network of ['169.254.0.0/17', '169.254.128.0/17', 'fd00:ec2::/33', '168.63.129.16/32', '224.0.0.0/5'])
      assert.ok(
        args.some((text) => text.includes(network)),
        network,
      );
  });

  it('a VM’s network namespace exposes only the guest port of the host’s loopback, and accepts no connections', () => {
    const { args } = joinNamespace({ ...common, guestPort: 40_123 });
    const pasta = args.slice(args.indexOf('pasta'));
    const optionOf = (option: string): string | undefined => pasta[pasta.indexOf(option) + 1];
    assert.ok(pasta.includes('--no-map-gw'));
    for (const option of ['--tcp-ports', '--udp-ports', '--udp-ns']) assert.equal(optionOf(option), 'none', option);
    assert.equal(optionOf('--tcp-ns'), '80:40123');
    assert.equal(pasta.at(-1), '4711');
    assert.ok(!pasta.includes('--runas'));
    assert.ok(joinNamespace({ ...common, guestPort: undefined, isRoot: true }).args.includes('--runas'));
    const shut = joinNamespace({ ...common, guestPort: undefined }).args;
    assert.equal(shut[shut.indexOf('--tcp-ns') + 1], 'none');
  });

  it('a VM’s network namespace gets its own resolver only if all of the host’s are on loopback', async () => {
    for (const text of ['nameserver 127.0.0.53\noptions edns0\n', 'nameserver ::1\nnameserver 127.0.0.1\n'])
      assert.ok(needsResolver(text), text);
    for (const text of [
      '',
      '# nameserver 127.0.0.1\n',
      'nameserver 192.0.2.1\n',
      'nameserver 127.0.0.1\nnameserver 192.0.2.1\n',
    ])
      assert.ok(!needsResolver(text), text);
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-network-'));
    try {
      const [host, own] = [join(folder, 'host'), join(folder, 'own')];
      await writeFile(host, 'nameserver 192.0.2.1\n');
      assert.equal(await writeResolvConf(own, host), undefined);
      await writeFile(host, 'nameserver 127.0.0.53\n');
      assert.equal(await writeResolvConf(own, host), own);
      assert.equal(await readFile(own, 'utf8'), 'nameserver 192.0.2.53\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('the kind of a VM’s network is read from its process', async () => {
    const own = process.pid;
    assert.equal(await networkKindOf(own, ['qemu', '-netdev', 'user,id=network,restrict=on']), 'restricted');
    assert.equal(await networkKindOf(own, ['qemu', '-netdev', 'user,id=network']), 'open');
    assert.equal(await networkKindOf(own, ['qemu']), undefined);
  });
});

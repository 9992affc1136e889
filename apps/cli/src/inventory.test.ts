import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

const guestInventory = {
  get: () => ({
    hostname: 'web',
    osName: 'Debian\u0007',
    kernel: '6.12',
    architecture: 'x86_64',
    cpus: 2,
    memoryBytes: 1n << 30n,
    disks: [{ name: 'vda', sizeBytes: 4n << 30n, pciAddress: '0000:00:05.0', virtio: 'virtio2' }, { name: 'sdb' }],
    routes: [{ destination: '0.0.0.0/0', gateway: '10.0.2.2', interface: 'eth0', metric: 100 }],
  }),
  listPackages: ({ pageToken }: { pageToken: string }) =>
    pageToken === ''
      ? { manager: 'dpkg', packages: [{ name: 'bash', version: '5.2', installedBytes: 2048n }], nextPageToken: 'b' }
      : { manager: 'dpkg', packages: [{ name: 'zlib', version: '1.3' }] },
  listAccounts: () => ({ accounts: [{ name: 'root', uid: 0, home: '/root', groups: ['root'] }] }),
  listContainers: () => ({
    runtimes: [
      { name: 'docker', missing: 'no socket at /run/docker.sock' },
      { name: 'podman', containers: [{ id: 'a', name: 'db', state: 'running' }] },
    ],
  }),
};

describe('inn inventory', () => {
  it('inn inventory shows system, disks and routes, and leaves out what is not known', async () => {
    await using daemon = await startFakeDaemon({ guestInventory });
    const { stdout } = await runInn(daemon.socketPath, ['inventory', 'one']);
    assert.match(stdout, /^host name {3}web\nsystem {6}Debian· \(x86_64\)\nkernel {6}6\.12\nCPUs {8}2\nmemory {6}1/);
    assert.match(stdout, /vda +4\S* GiB +0000:00:05\.0 +virtio2 +–\n *sdb +– +– +– +–\n/);
    assert.match(stdout, /0\.0\.0\.0\/0 +10\.0\.2\.2 +eth0 +100\n$/);
    assert.doesNotMatch(stdout, /swap|serial/);
  });

  it('inn inventory -o json has everything, with unknown values absent', async () => {
    await using daemon = await startFakeDaemon({ guestInventory });
    const { stdout } = await runInn(daemon.socketPath, ['inventory', 'one', '-o', 'json']);
    const whole = JSON.parse(stdout) as Record<string, Record<string, unknown>[] | undefined> & { cpuCores?: number };
    assert.deepEqual(
      whole['packages']?.map(({ name }) => name),
      ['bash', 'zlib'],
    );
    assert.equal(whole['accounts']?.[0]?.['name'], 'root');
    assert.equal(whole['containerRuntimes']?.[0]?.['missing'], 'no socket at /run/docker.sock');
    assert.equal(whole.cpuCores, undefined);
    assert.ok(!('sizeBytes' in (whole['disks']?.[1] ?? {})));
  });

  it('inn inventory VM packages lists all pages, and containers name the runtime that is not known', async () => {
    await using daemon = await startFakeDaemon({ guestInventory });
    const packages = await runInn(daemon.socketPath, ['inventory', 'one', 'packages', '-o', 'csv']);
    assert.equal(packages.stdout, 'name,version,arch,size\nbash,5.2,,2 KiB\nzlib,1.3,,\n');
    const containers = await runInn(daemon.socketPath, ['inventory', 'one', 'containers']);
    assert.match(containers.stdout, /db +podman/);
    assert.equal(containers.stderr, 'docker: not known: no socket at /run/docker.sock\n');
    const users = await runInn(daemon.socketPath, ['inventory', 'one', 'users', '-o', 'name']);
    assert.equal(users.stdout, 'root\n');
    const wrong = await runInn(daemon.socketPath, ['inventory', 'one', 'nothing']);
    assert.deepEqual([wrong.exitCode, /the parts are packages, users/.test(wrong.stderr)], [2, true]);
  });
});

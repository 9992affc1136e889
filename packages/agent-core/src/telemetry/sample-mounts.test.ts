import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { settle } from '../fake/manual-clock.ts';
import type { StatVfs } from '../host.ts';
import { HostError } from '../host-error.ts';
import { MountSampler, maxMounts } from './sample-mounts.ts';

function guestWith(...lines: readonly string[]): FakeHost {
  const host = new FakeHost();
  host.files.put('/proc/self/mountinfo', `${lines.join('\n')}\n`);
  for (const line of lines) host.files.putFolder(line.split(' ')[4] ?? '/');
  return host;
}

const root = '22 1 254:0 / / rw - ext4 /dev/vda rw';
const nfs = '40 1 0:60 / /net rw - nfs4 server:/export rw';

describe('MountSampler', () => {
  it('a dead NFS mount is reported with its error, and the others with their figures', async () => {
    const host = guestWith(root, nfs);
    host.files.slowStatVfs = () => Promise.reject(new HostError('ETIMEDOUT', 'statvfs', '/net'));
    const [first, second] = (await new MountSampler(host).sample()).mounts;
    assert.deepEqual([first?.mountPoint, first?.error, typeof first?.totalBytes], ['/', undefined, 'bigint']);
    assert.deepEqual([second?.mountPoint, second?.totalBytes], ['/net', undefined]);
    assert.match(second?.error ?? '', /ETIMEDOUT/);
  });

  it('a hanging mount is queried once until it has answered', async () => {
    const host = guestWith(nfs);
    let asked = 0;
    let answer: ((figures: StatVfs) => void) | undefined;
    host.files.slowStatVfs = () => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const sampler = new MountSampler(host);
    const first = sampler.sample();
    await settle();
    assert.match((await sampler.sample()).mounts[0]?.error ?? '', /not been answered/);
    assert.equal(asked, 1);
    answer?.({ totalBytes: 100, freeBytes: 40, availableBytes: 30, inodesTotal: 0, inodesFree: 0, readOnly: false });
    const [mount] = (await first).mounts;
    assert.deepEqual([mount?.usedBytes, mount?.availableBytes], [60n, 30n]);
    assert.ok(mount && !('inodesTotal' in mount));
  });

  it('used space is absent if more is free than the total', async () => {
    const host = guestWith('40 1 0:60 / /mnt rw - fuse.odd odd rw');
    host.files.slowStatVfs = async () => ({
      totalBytes: 10,
      freeBytes: 20,
      availableBytes: 20,
      inodesTotal: 5,
      inodesFree: 5,
      readOnly: false,
    });
    const [mount] = (await new MountSampler(host).sample()).mounts;
    assert.ok(mount && !('usedBytes' in mount));
  });

  it('of more mounts than a report holds, the root and the fullest are kept, and the rest is counted', async () => {
    const lines = Array.from({ length: 400 }, (_, at) => `${at} 1 0:${at + 1} / /m${at} rw - tmpfs tmpfs rw`);
    const host = guestWith(...lines, root);
    host.files.figures.set('/m390', { availableBytes: 0 });
    const { mounts, omitted } = await new MountSampler(host).sample();
    const places = mounts.map(({ mountPoint }) => mountPoint);
    assert.deepEqual([places.length, omitted], [maxMounts, 401 - maxMounts]);
    assert.ok(places.includes('/') && places.includes('/m390'));
  });

  it('a file system that became read-only after an error is reported read-only at the next sample', async () => {
    const host = guestWith(root);
    const sampler = new MountSampler(host);
    assert.equal((await sampler.sample(1)).mounts[0]?.readOnly, false);
    host.files.figures.set('/', { readOnly: true });
    assert.equal((await sampler.sample(1)).mounts[0]?.readOnly, true);
  });

  it('the errors that ext4 counted are reported, and absent for others', async () => {
    const host = guestWith(root, '40 1 0:60 / /tmp rw - tmpfs tmpfs rw');
    host.files.putFolder('/sys/dev/block');
    host.files.putLink('/sys/dev/block/254:0', '../../devices/pci0000:00/block/vda');
    host.files.put('/sys/fs/ext4/vda/errors_count', '3\n');
    const [first, second] = (await new MountSampler(host).sample()).mounts;
    assert.deepEqual([first?.errorsCount, second?.errorsCount], [3n, undefined]);
  });
});

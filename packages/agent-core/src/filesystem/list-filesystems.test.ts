import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { listFilesystems } from './list-filesystems.ts';

/** A guest with these lines of mountinfo: [device number, root, mount point, type, device, superblock options]. */
function guest(...rows: readonly (readonly string[])[]): FakeHost {
  const host = new FakeHost();
  const lines = rows.map(
    ([number, root, place, type, device, options = 'rw'], index) =>
      `${30 + index} 1 ${number} ${root} ${place} rw,relatime shared:1 - ${type} ${device} ${options}\n`,
  );
  host.files.put('/proc/self/mountinfo', lines.join(''));
  return host;
}

function order(host: FakeHost): string[] {
  return listFilesystems(host).disks.map(({ entry }) => entry.mountPoint);
}

const root = ['254:0', '/', '/', 'ext4', '/dev/vda'] as const;

describe('listFilesystems()', () => {
  it('a loop mount comes before the file system that holds its image, even if it is listed first', () => {
    const host = guest(
      root,
      ['7:0', '/', '/mnt/loop', 'ext4', '/dev/loop0'],
      ['254:16', '/', '/d2', 'ext4', '/dev/vdb'],
    );
    host.files.put('/sys/dev/block/7:0/loop/backing_file', '/d2/image\n');
    assert.deepEqual(order(host), ['/mnt/loop', '/d2', '/']);
  });

  it('an image on a file system that was unmounted and mounted elsewhere is found by its device', () => {
    const host = guest(
      root,
      ['7:0', '/', '/mnt/loop', 'ext4', '/dev/loop0'],
      ['254:16', '/', '/d2', 'ext4', '/dev/vdb'],
    );
    host.files.put('/sys/dev/block/7:0/loop/backing_file', '/image\n');
    host.files.put('/sys/dev/block/7:0/uevent', 'MAJOR=7\nMINOR=0\nDEVNAME=loop0\nDEVTYPE=disk\n');
    host.freezer.loopBases.set('/dev/loop0', '254:16');
    assert.deepEqual(order(host), ['/mnt/loop', '/d2', '/']);
  });

  it('what is found through device mapper, partitions and loops on loops is in the right order', () => {
    const host = guest(
      root,
      ['253:1', '/', '/crypt', 'xfs', '/dev/mapper/crypt'],
      ['259:3', '/', '/part', 'ext4', '/dev/loop1p1'],
      ['254:16', '/', '/d2', 'ext4', '/dev/vdb'],
    );
    // /crypt is on a loop of a file in /part, and /part on a partition of a loop of a file in /d2.
    host.files.put('/sys/dev/block/253:1/slaves/loop0', '');
    host.files.put('/sys/class/block/loop0/dev', '7:0\n');
    host.files.put('/sys/dev/block/7:0/loop/backing_file', '/part/crypt.img (deleted)\n');
    host.files.put('/sys/dev/block/259:3/partition', '1\n');
    host.files.put('/sys/dev/block/259:3/../dev', '7:1\n');
    host.files.put('/sys/dev/block/7:1/loop/backing_file', '/d2/disk.img\n');
    assert.deepEqual(order(host), ['/crypt', '/part', '/d2', '/']);
  });

  it('bind mounts are one file system, opened at its root', () => {
    const host = guest(['254:0', '/home', '/srv', 'ext4', '/dev/vda'], root, [
      '254:0',
      '/etc/h',
      '/c/h',
      'ext4',
      '/dev/vda',
    ]);
    const [disk, ...more] = listFilesystems(host).disks;
    assert.deepEqual([disk?.entry.mountPoint, more.length], ['/', 0]);
    assert.deepEqual(
      disk?.others.map(({ mountPoint }) => mountPoint),
      ['/srv', '/c/h'],
    );
  });

  it('of a file system that is only mounted in parts, a folder is opened before a single file', () => {
    const host = guest(
      ['8:1', '/hosts', '/c/hosts', 'ext4', '/dev/sda'],
      ['8:1', '/data', '/c/data', 'ext4', '/dev/sda'],
    );
    host.files.put('/c/hosts', '');
    host.files.putFolder('/c/data');
    assert.deepEqual(order(host), ['/c/data']);
  });

  it('an overlay belongs to the file system that its changes are stored on, and so does an image in it', () => {
    const overlay = [
      '0:40',
      '/',
      '/merged',
      'overlay',
      'overlay',
      'rw,lowerdir=/l,upperdir=/d2/upper,workdir=/d2/work',
    ];
    const host = guest(root, ['254:16', '/', '/d2', 'ext4', '/dev/vdb'], overlay, [
      '7:0',
      '/',
      '/mnt/loop',
      'ext4',
      '/dev/loop0',
    ]);
    host.files.put('/sys/dev/block/7:0/loop/backing_file', '/merged/image\n');
    const { disks, rest } = listFilesystems(host);
    assert.deepEqual(
      disks.map(({ entry }) => entry.mountPoint),
      ['/mnt/loop', '/d2', '/'],
    );
    assert.deepEqual(
      rest.map(({ entry, storedOn }) => [entry.mountPoint, storedOn?.entry.mountPoint]),
      [['/merged', '/d2']],
    );
  });

  it('a loop device whose image is on the file system itself ends the search', () => {
    const host = guest(['7:0', '/', '/a', 'ext4', '/dev/loop0'], ['7:1', '/', '/b', 'ext4', '/dev/loop1']);
    host.files.put('/sys/dev/block/7:0/loop/backing_file', '/b/x\n');
    host.files.put('/sys/dev/block/7:1/loop/backing_file', '/a/x\n');
    assert.deepEqual(order(host).sort(), ['/a', '/b']);
  });

  it('btrfs is ordered by its device, and file systems in memory are not on a disk', () => {
    const host = guest(root, ['0:50', '/', '/b', 'btrfs', '/dev/loop3'], ['0:60', '/', '/run', 'tmpfs', 'tmpfs']);
    host.files.put('/sys/class/block/loop3/dev', '7:3\n');
    host.files.put('/sys/dev/block/7:3/loop/backing_file', '/images/b\n');
    assert.deepEqual(order(host), ['/b', '/']);
    assert.deepEqual(
      listFilesystems(host).rest.map(({ entry }) => entry.mountPoint),
      ['/run'],
    );
  });
});

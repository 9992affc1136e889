import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canHang, parseMounts } from './parse-mounts.ts';

/** Lines of mountinfo: [device number, root, mount point, type, device, options]. */
function mountinfo(...rows: readonly (readonly string[])[]): string {
  return rows
    .map(
      ([number, root, place, type, device, options = 'rw'], index) =>
        `${30 + index} 1 ${number} ${root} ${place} ${options},relatime shared:1 master:2 - ${type} ${device} rw\n`,
    )
    .join('');
}

const places = (text: string): string[] => parseMounts(text).map(({ mountPoint }) => mountPoint);

describe('parseMounts()', () => {
  it('parseMounts decodes octal escapes of spaces, tabs and backslashes', () => {
    const text = mountinfo(['8:1', '/', '/mnt/my\\040disk\\011a\\134b', 'ext4', '/dev/disk\\040one']);
    assert.deepEqual(
      parseMounts(text).map(({ mountPoint, device }) => [mountPoint, device]),
      [['/mnt/my disk\ta\\b', '/dev/disk one']],
    );
  });

  it('parseMounts reports a file system read-only by the options of its superblock too', () => {
    const text = ['rw', 'ro,errors=remount-ro', 'rw,emergency_ro']
      .map((options, at) => `${at} 1 8:${at} / /m${at} rw,relatime - ext4 /dev/sda${at} ${options}\n`)
      .join('');
    assert.deepEqual(
      parseMounts(text).map(({ readOnly }) => readOnly),
      [false, true, true],
    );
  });

  it('parseMounts skips virtual file systems, and keeps tmpfs', () => {
    const text = mountinfo(
      ['0:20', '/', '/proc', 'proc', 'proc'],
      ['0:21', '/', '/sys', 'sysfs', 'sysfs'],
      ['0:22', '/', '/sys/fs/cgroup', 'cgroup2', 'cgroup2'],
      ['0:23', '/', '/run', 'tmpfs', 'tmpfs'],
      ['0:24', '/', '/run', 'tmpfs', 'tmpfs'],
      ['254:0', '/', '/', 'ext4', '/dev/vda'],
    );
    assert.deepEqual(places(text), ['/run', '/']);
  });

  it('parseMounts returns a file system once, at the mount of its root', () => {
    const text = mountinfo(
      ['8:1', '/home/ana', '/srv', 'ext4', '/dev/sda1'],
      ['8:1', '/', '/data', 'ext4', '/dev/sda1'],
      ['8:1', '/', '/again', 'ext4', '/dev/sda1'],
    );
    assert.deepEqual(places(text), ['/data']);
  });

  it('parseMounts skips mounts hidden by later ones', () => {
    const text = mountinfo(['8:1', '/', '/mnt', 'ext4', '/dev/sda1'], ['0:50', '/', '/mnt', 'proc', 'proc']);
    assert.deepEqual(places(text), []);
  });

  it('parseMounts reports read-only mounts', () => {
    const text = mountinfo(['8:1', '/', '/a', 'ext4', '/dev/sda1', 'ro'], ['8:2', '/', '/b', 'ext4', '/dev/sda2']);
    assert.deepEqual(
      parseMounts(text).map(({ readOnly }) => readOnly),
      [true, false],
    );
  });

  it('parseMounts ignores malformed lines', () => {
    assert.deepEqual(parseMounts('\nnothing\n30 1 8:1 / - ext4\n - - -\n'), []);
  });
});

describe('canHang()', () => {
  it('mayHang is true for network and FUSE file systems', () => {
    for (const type of ['nfs', 'nfs4', 'cifs', 'fuse', 'fuse.sshfs', '9p', 'virtiofs'])
      assert.equal(canHang(type), true, type);
    for (const type of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay']) assert.equal(canHang(type), false, type);
  });
});

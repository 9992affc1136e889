import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { rebaseOverlay } from './backing-file.ts';
import { createOverlay } from './create-overlay.ts';
import { imageInfo } from './image-info.ts';
import { importImage } from './import-image.ts';
import { ImageFixture } from './testing/image-fixture.ts';

const mib = 1 << 20;

function sparse(fixture: ImageFixture, name: string, sizeBytes: number): string {
  const path = join(fixture.directory, name);
  fixture.run('truncate', ['-s', `${sizeBytes}`, path]);
  return path;
}

test('an overlay has the size of its base, or a larger size', async () => {
  using fixture = new ImageFixture();
  const basePath = sparse(fixture, 'base.raw', 8 * mib);
  for (const [sizeBytes, expected] of [
    [0, 8 * mib],
    [16 * mib, 16 * mib],
  ] as const) {
    const diskPath = join(fixture.directory, `disk-${sizeBytes}.qcow2`);
    await createOverlay({ basePath, baseFormat: 'raw', diskPath, sizeBytes });
    const info: unknown = JSON.parse(fixture.run('qemu-img', ['info', '--output=json', diskPath]));
    assert.ok(typeof info === 'object' && info !== null && 'virtual-size' in info && 'backing-filename' in info);
    assert.equal(info['virtual-size'], expected);
    assert.equal(info['backing-filename'], 'base.raw');
  }
});

test('an overlay finds its base after both were moved, and after one was once it is told where', async () => {
  using fixture = new ImageFixture();
  const [base, disk] = ['a/images/base.raw', 'a/vms/1/disk.qcow2'].map((name) => join(fixture.directory, name));
  assert.ok(base !== undefined && disk !== undefined);
  for (const path of [base, disk]) mkdirSync(dirname(path), { recursive: true });
  sparse(fixture, 'a/images/base.raw', 8 * mib);
  await createOverlay({ basePath: base, baseFormat: 'raw', diskPath: disk, sizeBytes: 0 });
  const inB = (path: string): string => path.replace('/a/', '/b/');
  renameSync(join(fixture.directory, 'a'), join(fixture.directory, 'b'));
  const chain = (): string => fixture.run('qemu-img', ['info', '--backing-chain', inB(disk)]);
  assert.match(chain(), /backing file: \.\.\/\.\.\/images\/base\.raw/);
  const before = readFileSync(inB(disk));
  await rebaseOverlay({ diskPath: inB(disk), basePath: inB(base), baseFormat: 'raw' });
  assert.deepEqual(readFileSync(inB(disk)), before, 'what is right already is left as it is');

  const moved = join(fixture.directory, 'elsewhere.raw');
  renameSync(inB(base), moved);
  assert.throws(chain);
  await rebaseOverlay({ diskPath: inB(disk), basePath: moved, baseFormat: 'raw' });
  assert.match(chain(), /backing file: \.\.\/\.\.\/\.\.\/elsewhere\.raw/);
});

test('an overlay behind a symbolic link names its base by an absolute path, since a relative one would lead elsewhere', async () => {
  using fixture = new ImageFixture();
  const basePath = sparse(fixture, 'base.raw', 8 * mib);
  mkdirSync(join(fixture.directory, 'large/disks'), { recursive: true });
  symlinkSync('large/disks', join(fixture.directory, 'vms'));
  const diskPath = join(fixture.directory, 'vms/disk.qcow2');
  await createOverlay({ basePath, baseFormat: 'raw', diskPath, sizeBytes: 0 });
  assert.ok(fixture.run('qemu-img', ['info', '--backing-chain', diskPath]).includes(`backing file: ${basePath}\n`));
});

test('an overlay smaller than its base is refused, and a failed one leaves nothing behind', async () => {
  using fixture = new ImageFixture();
  const basePath = sparse(fixture, 'base.raw', 8 * mib);
  const diskPath = join(fixture.directory, 'out/disk.qcow2');
  const request = { basePath, baseFormat: 'raw', diskPath } as const;
  await assert.rejects(createOverlay({ ...request, sizeBytes: mib }), { reason: 'INVALID_ARGUMENT' });
  const missing = { ...request, basePath: join(fixture.directory, 'missing'), sizeBytes: 0 };
  await assert.rejects(createOverlay(missing), { reason: 'IMAGE_UNREADABLE' });
  assert.deepEqual(readdirSync(join(fixture.directory, 'out')), []);
});

test('an imported image keeps its holes and is returned with its hash', async () => {
  using fixture = new ImageFixture();
  const path = sparse(fixture, 'disk.img', 64 * mib);
  const directory = join(fixture.directory, 'added');
  const image = await importImage(path, { directory });
  assert.equal(image.format, 'raw');
  assert.equal(image.virtualBytes, BigInt(64 * mib));
  assert.equal(image.sha256, fixture.run('sha256sum', [path]).slice(0, 64));
  assert.deepEqual(readdirSync(directory), ['original.raw']);
  assert.ok(statSync(image.originalPath).blocks < 100);
  const { diskBytes, ...rest } = await imageInfo(image.originalPath);
  assert.deepEqual(rest, { format: 'raw', virtualBytes: BigInt(64 * mib) });
  assert.ok(diskBytes < mib);
});

test('a file that is not a standalone disk image is refused with IMAGE_UNREADABLE and leaves nothing behind', async () => {
  using fixture = new ImageFixture();
  const directory = join(fixture.directory, 'out');
  const short = join(fixture.directory, 'short');
  writeFileSync(short, 'x');
  const secret = join(fixture.directory, 'secret');
  writeFileSync(secret, Buffer.alloc(mib, 's'));
  const overlay = join(fixture.directory, 'overlay.qcow2');
  fixture.run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, overlay]);
  const cut = join(fixture.directory, 'cut.qcow2');
  writeFileSync(cut, readFileSync(overlay).subarray(0, 60));
  for (const path of [short, overlay, cut, fixture.directory, join(fixture.directory, 'missing')]) {
    await assert.rejects(importImage(path, { directory }), { reason: 'IMAGE_UNREADABLE' }, path);
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('an aborted import leaves nothing behind', async () => {
  using fixture = new ImageFixture();
  const path = sparse(fixture, 'disk.img', 64 * mib);
  const directory = join(fixture.directory, 'out');
  const controller = new AbortController();
  const reason = new Error('gave up');
  const onStage = (text: string): void => {
    if (text.startsWith('Hashing')) controller.abort(reason);
  };
  await assert.rejects(importImage(path, { directory }, { signal: controller.signal, onStage }), reason);
  assert.deepEqual(readdirSync(directory), []);
});

test('a FIFO, device or folder is refused as an image without blocking a thread of the file pool', async () => {
  using fixture = new ImageFixture();
  const fifo = join(fixture.directory, 'fifo');
  fixture.run('mkfifo', [fifo]);
  const directory = join(fixture.directory, 'added');
  // More than libuv has threads for files.
  const paths = [...Array.from({ length: 8 }, () => fifo), '/dev/zero', '/dev/tty', fixture.directory];
  const signal = AbortSignal.timeout(30_000);
  const all = await Promise.allSettled(paths.map((path) => importImage(path, { directory }, { signal })));
  for (const [index, one] of all.entries()) {
    assert.ok(one.status === 'rejected', String(paths[index]));
    assert.deepEqual([one.reason.reason, /not a regular file/.test(one.reason.message)], ['IMAGE_UNREADABLE', true]);
  }
  await assert.rejects(imageInfo(fifo), { reason: 'IMAGE_UNREADABLE', message: /not a regular file/ });
  assert.deepEqual(readdirSync(directory), []);
});

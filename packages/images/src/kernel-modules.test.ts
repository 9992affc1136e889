import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { collectModules } from './kernel-modules.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'images-modules-'));
  writeFileSync(join(directory, 'modules.builtin'), 'kernel/fs/ext4/ext4.ko\n');
});

afterEach(() => rmSync(directory, { recursive: true }));

function addModule(path: string, depends: string): void {
  const content = Buffer.from(`\x7fELF\0license=GPL\0depends=${depends}\0intree=Y\0`, 'latin1');
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, path.endsWith('.zst') ? zstdCompressSync(content) : content);
}

it('kernel modules come after their dependencies, once, without built-in ones', async () => {
  addModule('kernel/virtio_blk.ko', 'virtio,virtio-ring,ext4');
  addModule('kernel/a/virtio.ko', 'virtio_ring');
  addModule('kernel/a/virtio_ring.ko', '');
  addModule('kernel/net/virtio-net.ko.zst', 'virtio');
  const wanted = { needed: ['virtio_blk', 'ext4'], useful: ['virtio_net', 'no_such_module'] };
  const modules = await collectModules(directory, wanted);
  assert.deepEqual(
    modules.map(({ name }) => name),
    ['virtio_ring', 'virtio', 'virtio_blk', 'virtio_net'],
  );
  for (const { content } of modules) assert.equal(content.toString('latin1', 0, 4), '\x7fELF');
});

it('a needed kernel module that the kernel lacks is named in the error', async () => {
  addModule('kernel/virtio_blk.ko', 'gone');
  await assert.rejects(collectModules(directory, { needed: ['virtio_blk'], useful: [] }), {
    reason: 'IMAGE_BUILD_FAILED',
    message: /has no module gone/,
  });
});

it('kernel modules that depend on each other do not cause an endless loop', async () => {
  addModule('one.ko', 'two');
  addModule('two.ko', 'one');
  const modules = await collectModules(directory, { needed: ['one'], useful: [] });
  assert.deepEqual(modules.map(({ name }) => name).sort(), ['one', 'two']);
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openStore } from '@innkeeper/store';
import { linuxType, writeGpt } from '../../packages/images/src/testing/write-gpt.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { ensureImage } from './test-images.ts';
import { cleanUp, removeOtherVms } from './vm-state.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;
const partitioned = 'test-partitioned';

describe('a VM with a larger disk than its image', { timeout: 600_000 }, () => {
  const name = 'test-larger';
  let daemon: Daemon;
  let options: { dataDirectory: string; timeoutMs: number };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory, timeoutMs: 300_000 };
    await removeOtherVms(daemon.dataDirectory);
    await ensureImage(daemon.dataDirectory, 'tiny');
  });

  after(async () => {
    await cleanUp(daemon, [name, partitioned]);
  });

  it('after "inn create --disk 2G --start", the first command sees a root of 2 GiB, and so does the next boot', async () => {
    await innText(['create', name, '--image', 'tiny', '--disk', '2G', '--start'], options);
    const rootBytes = () => rootBytesOf(name, options);
    const grown = await rootBytes();
    assert.ok(grown > 1.85 * gib && grown <= 2 * gib, `${grown} bytes`);
    await innText(['restart', name], options);
    assert.equal(await rootBytes(), grown);
  });

  it('after "inn create --disk 2G --start", a root in the last partition of a GPT has grown with its partition', async () => {
    await addPartitionedImage(daemon.dataDirectory);
    await daemon[Symbol.asyncDispose]();
    // An image of a file has no kernel of its own: this one boots that of the image tiny, from its partition.
    await using store = await openStore(join(daemon.dataDirectory, 'innkeeper.db'));
    const { kernel } = (await store.images.find('tiny')) ?? assert.fail('the image tiny is missing');
    assert.match(kernel ?? '', /root=\/dev\/vda /);
    await store.images.update(partitioned, { kernel: kernel?.replace('/dev/vda ', '/dev/vda1 ') ?? null });
    await store[Symbol.asyncDispose]();
    daemon = await startDaemon();
    const { stderr } = await inn(['create', partitioned, '--image', partitioned, '--disk', '2G', '--start'], options);
    assert.doesNotMatch(stderr.toString(), /root will not grow|not grow/);
    const sectors = await guestShell(partitioned, 'cat /sys/class/block/vda1/size', options);
    assert.ok(Number(sectors) * 512 > 1.99 * gib, `the partition has ${sectors.trim()} sectors`);
    const grown = await rootBytesOf(partitioned, options);
    assert.ok(grown > 1.85 * gib && grown <= 2 * gib, `${grown} bytes`);
    await innText(['restart', partitioned], options);
    assert.equal(await rootBytesOf(partitioned, options), grown);
  });
});

/** The size of a guest's root file system. */
async function rootBytesOf(vm: string, options: { readonly dataDirectory: string }): Promise<number> {
  const df = await guestShell(vm, 'df -kP /', options);
  return Number(/^\S+ +(\d+) .* \/$/m.exec(df)?.[1]) * 1024;
}

/** Adds the root of the image tiny as the only partition of a disk with a GPT. */
async function addPartitionedImage(dataDirectory: string): Promise<void> {
  const images = join(dataDirectory, 'images');
  const { path } = JSON.parse(await readFile(join(images, 'tiny', 'image.json'), 'utf8')) as { readonly path: string };
  const root = await readFile(join(dataDirectory, path));
  const disk = Buffer.alloc(root.length + 2 * mib);
  root.copy(disk, mib);
  writeGpt(disk, [{ offset: mib, size: root.length, type: linuxType }]);
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-gpt-'));
  try {
    await writeFile(join(folder, 'disk.raw'), disk);
    const { stdout } = await inn(['image', 'ls', '-o', 'name'], { dataDirectory });
    if (stdout.toString().split('\n').includes(partitioned))
      await innText(['image', 'rm', partitioned], { dataDirectory });
    await innText(['image', 'add', join(folder, 'disk.raw'), '--name', partitioned], {
      dataDirectory,
      timeoutMs: 300_000,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { hostArchitecture } from './agent-architecture.ts';
import { type BaseRequest, type PreparedBase, prepareBase } from './prepare-base.ts';
import { type Entries, ImageFixture, layouts } from './testing/image-fixture.ts';
import { linuxType, writeGpt } from './testing/write-gpt.ts';

const agentPath = '/usr/local/bin/innkeeper-agent';

async function prepare(
  fixture: ImageFixture,
  originalPath: string,
  more: Partial<BaseRequest> = {},
): Promise<PreparedBase> {
  const { agentBinaryPath, outPath } = fixture;
  const agentPaths = { [hostArchitecture]: agentBinaryPath };
  return await prepareBase({ originalPath, format: 'raw', agentPaths, agentVersion: '0.1.0', outPath, ...more });
}

async function refusal(fixture: ImageFixture, image: string, more: Partial<BaseRequest> = {}): Promise<string> {
  const before = sha256(image);
  const result = await prepare(fixture, image, more);
  assert.equal(sha256(image), before, 'the original was changed');
  assert.deepEqual(readdirSync(dirname(fixture.outPath)), []);
  return result.ok ? 'ok' : result.reason;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function assertInstalled(fixture: ImageFixture, image = fixture.outPath, offset = 0): void {
  assert.equal(fixture.read(image, agentPath, offset), readFileSync(fixture.agentBinaryPath, 'latin1'));
  fixture.run('e2fsck', ['-fn', `${image}${offset === 0 ? '' : `?offset=${offset}`}`]);
}

const services = {
  systemd: '/etc/systemd/system/multi-user.target.wants/innkeeper-agent.service',
  openrc: '/etc/runlevels/default/innkeeper-agent',
  sysv: '/etc/rc2.d/S01innkeeper-agent',
} as const;

for (const [name, path] of Object.entries(services)) {
  test(`an image with ${name} gets the agent, its service and the link that enables it`, async () => {
    using fixture = new ImageFixture();
    const image = fixture.image(layouts[name as keyof typeof services]);
    const before = sha256(image);
    const result = await prepare(fixture, image);
    assert.deepEqual(result, { ok: true, initSystem: name, path: fixture.outPath, format: 'raw' });
    assertInstalled(fixture);
    assert.match(fixture.stat(fixture.outPath, agentPath), /Mode: +0755[\s\S]*User: +0 +Group: +0 /);
    assert.match(fixture.stat(fixture.outPath, path), /Type: symlink/);
    assert.equal(sha256(image), before);
  });
}

test('an image with busybox gets a line in its inittab, once, and keeps the other lines', async () => {
  using fixture = new ImageFixture();
  const first = await prepare(fixture, fixture.image(layouts.busybox));
  assert.equal(first.ok && first.initSystem, 'busybox');
  const again = join(fixture.directory, 'again.raw');
  copyFileSync(fixture.outPath, again);
  assert.equal((await prepare(fixture, again)).ok, true);
  const inittab = fixture.read(fixture.outPath, '/etc/inittab');
  assert.equal(inittab.match(/innkeeper-agent serve/g)?.length, 1);
  assert.match(inittab, /^::sysinit:\/etc\/init.d\/rcS$/m);
});

test('a second injection replaces the agent', async () => {
  using fixture = new ImageFixture();
  await prepare(fixture, fixture.image(layouts.systemd));
  const again = join(fixture.directory, 'again.raw');
  copyFileSync(fixture.outPath, again);
  writeFileSync(fixture.agentBinaryPath, Buffer.alloc(500_000, 'agent two '));
  assert.equal((await prepare(fixture, again)).ok, true);
  assertInstalled(fixture);
});

test('links planted at the agent’s paths are replaced, and their targets on the host are untouched', async () => {
  using fixture = new ImageFixture();
  const victim = join(fixture.directory, 'victim');
  writeFileSync(victim, 'of the host');
  chmodSync(victim, 0o600);
  const names = [
    'usr/local/bin/innkeeper-agent',
    'etc/systemd/system/innkeeper-agent.service',
    services.systemd.slice(1),
  ];
  const planted = Object.fromEntries(names.map((name) => [name, { link: victim }]));
  const result = await prepare(fixture, fixture.image({ ...layouts.systemd, ...planted }));
  assert.equal(result.ok, true);
  assertInstalled(fixture);
  assert.equal(readFileSync(victim, 'utf8'), 'of the host');
  assert.equal(statSync(victim).mode & 0o777, 0o600);
});

const unsafe: Record<string, Entries> = {
  'a folder that is a link to a host path': { 'usr/local': { link: '/tmp' } },
  'a folder that is a link elsewhere in the image': { 'etc/systemd/system': { link: '/home' }, home: {} },
  'a circular link': { 'usr/local/bin': { link: 'bin' } },
  'a folder that is a file': { 'usr/local/bin': 'x' },
  'a folder at the agent’s name': { 'usr/local/bin/innkeeper-agent': {} },
};
for (const [what, entries] of Object.entries(unsafe)) {
  test(`${what} is refused with IMAGE_UNSAFE_PATH`, async () => {
    using fixture = new ImageFixture();
    assert.equal(await refusal(fixture, fixture.image({ ...layouts.systemd, ...entries })), 'IMAGE_UNSAFE_PATH');
  });
}

test('an inittab that is a link to a host path is not followed', async () => {
  using fixture = new ImageFixture();
  const victim = join(fixture.directory, 'victim');
  writeFileSync(victim, 'of the host');
  const image = fixture.image({ ...layouts.busybox, 'etc/inittab': { link: victim } });
  assert.match(await refusal(fixture, image), /IMAGE_NO_INIT|IMAGE_UNSAFE_PATH/);
  assert.equal(readFileSync(victim, 'utf8'), 'of the host');
});

test('an unreplayed journal is first replayed in the copy', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image({ ...layouts.systemd, 'etc/motd': 'x' });
  // An open transaction in the journal, as a killed VM leaves it.
  fixture.run('debugfs', ['-w', '-f', '-', image], 'jo\njw -b 1\njc\nfeature needs_recovery\n');
  assert.match(fixture.run('dumpe2fs', ['-h', image]), /needs_recovery/);
  assert.equal((await prepare(fixture, image)).ok, true);
  assertInstalled(fixture);
  assert.match(fixture.run('dumpe2fs', ['-h', image]), /needs_recovery/);
});

test('an image without enough space is refused with IMAGE_FULL', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image(
    { ...layouts.systemd, big: 'x'.repeat(1_750_000) },
    { size: '2M', features: ['-O', '^has_journal'] },
  );
  assert.equal(await refusal(fixture, image), 'IMAGE_FULL');
});

test('a file system with errors is refused with IMAGE_CORRUPT', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image(layouts.systemd);
  fixture.run('debugfs', ['-w', '-f', '-', image], 'sif /usr/lib/systemd/systemd links_count 9\nfreeb 400 50\n');
  assert.equal(await refusal(fixture, image), 'IMAGE_CORRUPT');
});

test('garbage after a valid superblock is refused', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image(layouts.systemd);
  const file = openSync(image, 'r+');
  writeSync(file, Buffer.alloc(4 << 20, 'garbage '), 0, undefined, 4096);
  closeSync(file);
  assert.equal(await refusal(fixture, image), 'IMAGE_CORRUPT');
});

test('a truncated image is refused', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image(layouts.systemd);
  const file = openSync(image, 'r+');
  ftruncateSync(file, 5 << 20);
  closeSync(file);
  assert.equal(await refusal(fixture, image), 'IMAGE_CORRUPT');
});

test('an image without an ext file system is refused with IMAGE_NOT_EXT4, and one without init with IMAGE_NO_INIT', async () => {
  using fixture = new ImageFixture();
  const image = join(fixture.directory, 'zeros.raw');
  writeFileSync(image, Buffer.alloc(1 << 20));
  assert.equal(await refusal(fixture, image), 'IMAGE_NOT_EXT4');
  assert.equal(await refusal(fixture, fixture.image({ 'etc/passwd': 'x' })), 'IMAGE_NO_INIT');
});

test('a root file system in a GPT partition is found after one without init', async () => {
  using fixture = new ImageFixture();
  const boot = readFileSync(fixture.image({ vmlinuz: 'x' }, { size: '4M' }));
  const root = readFileSync(fixture.image(layouts.systemd, { size: '16M' }));
  const disk = Buffer.alloc(24 << 20);
  boot.copy(disk, 1 << 20);
  root.copy(disk, 6 << 20);
  writeGpt(disk, [
    { offset: 1 << 20, size: boot.length, type: linuxType },
    { offset: 6 << 20, size: root.length, type: linuxType },
  ]);
  const image = join(fixture.directory, 'disk.raw');
  writeFileSync(image, disk);
  assert.equal((await prepare(fixture, image)).ok, true);
  assertInstalled(fixture, fixture.outPath, 6 << 20);
});

test('a qcow2 image becomes a raw base, and one that refers to another file is refused', async () => {
  using fixture = new ImageFixture();
  const qcow2 = join(fixture.directory, 'disk.qcow2');
  fixture.run('qemu-img', ['convert', '-O', 'qcow2', fixture.image(layouts.systemd), qcow2]);
  assert.equal((await prepare(fixture, qcow2, { format: 'qcow2' })).ok, true);
  assertInstalled(fixture);
  const overlay = join(fixture.directory, 'overlay.qcow2');
  fixture.run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/passwd', overlay]);
  const refused = await prepare(fixture, overlay, { format: 'qcow2' });
  assert.equal(refused.ok ? 'ok' : refused.reason, 'IMAGE_UNREADABLE');
});

test('aborting prepareBase() at any stage leaves nothing behind', async () => {
  using fixture = new ImageFixture();
  const image = fixture.image(layouts.systemd);
  const { agentBinaryPath, outPath } = fixture;
  const agentPaths = { [hostArchitecture]: agentBinaryPath };
  const request = { originalPath: image, format: 'raw', agentPaths, agentVersion: '0.1.0', outPath } as const;
  for (const stage of [/Copying/, /Installing/]) {
    const controller = new AbortController();
    const reason = new Error('gave up');
    const onStage = (text: string): void => {
      if (stage.test(text)) controller.abort(reason);
    };
    await assert.rejects(prepareBase(request, { signal: controller.signal, onStage }), reason);
    assert.deepEqual(readdirSync(dirname(outPath)), []);
  }
});

test('an image gets the agent for its architecture, and is refused with the architecture’s name if there is none', async () => {
  using fixture = new ImageFixture();
  const elf = (machine: number): string =>
    Buffer.from([
      0x7f,
      0x45,
      0x4c,
      0x46,
      2,
      1,
      1,
      ...Array<number>(11).fill(0),
      machine,
      0,
      ...Array<number>(44).fill(0),
    ]).toString('latin1');
  const arm64 = join(fixture.directory, 'agent-arm64');
  writeFileSync(arm64, 'the agent for arm64');
  const amd64 = fixture.agentBinaryPath;
  const image = (machine: number): string =>
    fixture.image({ ...layouts.busybox, 'bin/busybox': elf(machine) }, { isLatin1: true });

  assert.equal((await prepare(fixture, image(183), { agentPaths: { amd64, arm64 } })).ok, true);
  assert.equal(fixture.read(fixture.outPath, agentPath), 'the agent for arm64');
  assert.equal((await prepare(fixture, image(62), { agentPaths: { amd64, arm64 } })).ok, true);
  assertInstalled(fixture);

  const missing = await prepare(fixture, image(183), { agentPaths: { amd64 } });
  assert.deepEqual([missing.ok, !missing.ok && missing.reason], [false, 'IMAGE_ARCHITECTURE']);
  assert.match(missing.ok ? '' : missing.detail, /for arm64; this daemon has agents for: amd64/);
  const other = await prepare(fixture, image(243), { agentPaths: { amd64, arm64 } });
  assert.match(other.ok ? '' : other.detail, /ELF machine 243; this daemon has agents for: amd64 and arm64/);
});

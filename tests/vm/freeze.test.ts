import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { FreezePhase, FilesystemVerdict as Verdict } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import { type Daemon, startDaemon } from './daemon.ts';
import { kernelModules } from './guest-modules.ts';
import { guestShell, startInGuest } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { keptFolder } from './kept-folder.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, waitForVm } from './vm-state.ts';

const name = 'test-freeze';
/** In Debian, file system tools are only in root's PATH. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** Appends the guest's uptime in hundredths of a second to a file in memory, after each write to the root's disk. */
const probe = 'while :; do echo x >/probe; cut -d" " -f1 /proc/uptime >>/tmp/probe; usleep 50000; done';

describe('freezing a real guest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-vm-freeze-'));
  let daemon: Daemon;
  let options: { dataDirectory: string };
  let vmId = '';

  const guest = (script: string): Promise<string> => guestShell(name, script, options);
  const start = (script: string): Promise<string> => startInGuest(name, script, options);
  const filesystems = () => clientOf(daemon.dataDirectory).filesystems;

  /** The longest time in ms that the root could not be written since the last call. */
  async function longestGap(): Promise<number> {
    const times = (await guest('cat /tmp/probe; : >/tmp/probe'))
      .trim()
      .split('\n')
      .map((line) => Number(line) * 1000);
    return Math.round(Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0))));
  }

  /** Waits until an agent answers that nothing is frozen: one that was killed or stopped does not answer meanwhile. */
  const untilThawed = (): Promise<boolean> =>
    until(
      () =>
        filesystems()
          .status(name)
          .then(({ phase }) => phase !== FreezePhase.FROZEN)
          .catch(() => false),
      { withinMs: 60_000, everyMs: 200, what: 'the agent answers that nothing is frozen' },
    );

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    vmId = (await createTestVm(daemon, name, 'tiny', 120_000, { cpus: 2 })).id;
    const modules = await kernelModules(join(keptFolder, 'modules'), ['loop', 'overlay']);
    await guest('mkdir -p /run/modules');
    await innText(['cp', ...modules, `${name}:/run/modules/`], options);
    await guest('for m in /run/modules/*.ko; do insmod $m; done; [ -e /dev/loop0 ] || mknod /dev/loop0 b 7 0');
    await start(probe);
  });

  // A test that failed must not fail those that follow.
  afterEach(() => inn(['thaw', name], options));

  after(async () => {
    try {
      await cleanUp(daemon, [name]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a copy of the disk that was taken while frozen, under a writing load, is clean and whole', async () => {
    const writer =
      'mkdir -p /w; i=0; while [ $i -lt 900 ]; do i=$((i+1)); head -c 50000 /dev/urandom >/w/f$i; sha256sum </w/f$i >/w/s$i; done';
    const id = await start(writer);
    await waitForVm(name, daemon.dataDirectory, isConnected);
    await guest('while [ ! -e /w/s20 ]; do usleep 10000; done');
    const disk = join(daemon.dataDirectory, 'vms', vmId, 'disk.qcow2');
    const copy = join(folder, 'copy.raw');
    const from = performance.now();
    const { exitCode, stderr } = await inn(
      ['freeze', name, '--', 'qemu-img', 'convert', '-U', '-O', 'raw', disk, copy],
      options,
    );
    say(`frozen, copied and thawed in ${Math.round(performance.now() - from)} ms`);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /^\/ +ext4 +frozen$/m);
    execFileSync('e2fsck', ['-fn', copy], { env, stdio: 'pipe' });
    const tree = join(folder, 'w');
    execFileSync('debugfs', ['-R', `rdump /w ${folder}`, copy], { env, stdio: 'pipe' });
    let incomplete = 0;
    const sums = readdirSync(tree).filter((file) => file.startsWith('s'));
    for (const sum of sums) {
      const expected = readFileSync(join(tree, sum), 'utf8').slice(0, 64);
      if (expected === '') incomplete++;
      else
        assert.equal(
          createHash('sha256')
            .update(readFileSync(join(tree, `f${sum.slice(1)}`)))
            .digest('hex'),
          expected,
          sum,
        );
    }
    say(`${sums.length} checksums of the writer are right`);
    assert.ok(sums.length >= 20 && incomplete <= 1, `${sums.length} checksums, ${incomplete} incomplete`);
    assert.ok(sums.length < 900, 'the writer had ended before the freeze');
    await guest('rm -rf /w').catch(() => undefined);
    await inn(['signal', name, id, '-s', 'KILL'], options);
  });

  it('a loop mount that is listed before the file system that holds its image is frozen first, and does not hang', async () => {
    await guest(
      [
        'set -e; mkdir -p /d1 /d2 /l /bind /ov/lower /ov/upper /ov/work /merged',
        'dd if=/dev/zero of=/a.img bs=1M count=24 2>/dev/null; mke2fs -F /a.img >/dev/null',
        'for n in 1 2; do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done',
        'losetup /dev/loop1 /a.img; mount -t ext4 /dev/loop1 /d1',
        'dd if=/dev/zero of=/d1/b.img bs=1M count=8 2>/dev/null; mke2fs -F /d1/b.img >/dev/null',
        'losetup /dev/loop2 /d1/b.img; mount -t ext4 /dev/loop2 /l',
        // The first mount disappears, and the second is listed after the loop mount that lies on it.
        'umount -l /d1; mount -t ext4 /dev/loop1 /d2; mount --bind /root /bind',
        'mount -t overlay -o lowerdir=/ov/lower,upperdir=/ov/upper,workdir=/ov/work overlay /merged; echo x >/l/x; echo x >/d2/x',
      ].join('; '),
    );
    const order = await guest('cut -d" " -f5 /proc/self/mountinfo');
    assert.ok(order.indexOf('\n/l\n') < order.indexOf('\n/d2\n'), order);
    const report = await filesystems().freeze(name, { leaseMs: 300_000 });
    const verdicts = report.filesystems.map(({ mountPoint, verdict, coveredBy }) => [mountPoint, verdict, coveredBy]);
    assert.deepEqual(verdicts.slice(0, 3), [
      ['/l', Verdict.FROZEN, ''],
      ['/d2', Verdict.FROZEN, ''],
      ['/', Verdict.FROZEN, ''],
    ]);
    assert.deepEqual(
      verdicts.filter(([, verdict]) => verdict === Verdict.COVERED),
      [
        ['/bind', Verdict.COVERED, '/'],
        ['/merged', Verdict.COVERED, '/'],
      ],
    );
    const thawed = await filesystems().thaw(name, report.id);
    say(`three file systems on each other were frozen for ${thawed.frozenMs} ms`);
    assert.equal(
      await guest('echo written >/l/y; echo written >/merged/y; cat /l/y /ov/upper/y'),
      'written\nwritten\n',
    );
    await guest('umount /merged /bind /l /d2; losetup -d /dev/loop2 /dev/loop1 2>/dev/null; rm -rf /a.img; true');
  });

  it('status, telemetry and reads answer while frozen, and what writes is refused', async () => {
    const report = await filesystems().freeze(name, { leaseMs: 300_000 });
    // A report from while it froze has no lease yet.
    await waitForVm(name, daemon.dataDirectory, ({ telemetry }) => telemetry?.freezeLeaseLeftMs !== undefined, 10_000);
    assert.match(await innText(['show', name], options), /frozen +yes; thaws by itself \dm\d\ds/);
    assert.match(await innText(['files', 'ls', `${name}:/etc`], options), /passwd/);
    const refused = await inn(['files', 'mkdir', `${name}:/root/new`], options);
    assert.match(refused.stderr, /FILESYSTEM_FROZEN/);
    assert.match((await inn(['exec', name, '--', 'true'], options)).stderr, /FILESYSTEM_FROZEN/);
    assert.match((await inn(['freeze', name], options)).stderr, /FREEZE_HELD/);
    assert.equal((await filesystems().status(name)).id, report.id);
    assert.match(await innText(['thaw', name], options), /^Thawed after \d+ ms\.$/m);
    assert.match((await inn(['thaw', name], options)).stderr, /NOT_FROZEN/);
    await waitForVm(name, daemon.dataDirectory, ({ telemetry }) => telemetry?.frozen === false, 10_000);
  });

  it('an upload in progress is refused at the freeze, the agent answers, and the upload resumes after the thaw', async () => {
    const client = clientOf(daemon.dataDirectory);
    const report = await client.filesystems.freeze(name, { leaseMs: 300_000 });
    const upload = await inn(['cp', '-', `${name}:/root/up`], { ...options, input: Buffer.alloc(100_000, 'x') });
    assert.match(upload.stderr, /FILESYSTEM_FROZEN/);
    await client.filesystems.thaw(name, report.id);
    await innText(['cp', '-', `${name}:/root/up`], { ...options, input: Buffer.alloc(100_000, 'x') });
  });

  it('a lease that is not renewed ends the freeze, and the thaw says that the copy may be torn', async () => {
    await longestGap();
    await innText(['freeze', name, '--for', '2s'], options);
    // Not from the VM's last report, which may be from before the freeze.
    await until(async () => (await filesystems().status(name)).phase !== FreezePhase.FROZEN, { withinMs: 10_000 });
    const late = await inn(['thaw', name], options);
    assert.deepEqual([late.exitCode, /may be torn/.test(late.stderr)], [5, true], late.stderr);
    const gap = await longestGap();
    say(`a lease of 2 s froze the root for ${gap} ms`);
    assert.ok(gap >= 1900 && gap < 3500, `${gap}`);
  });

  it('inn freeze thaws when its command fails or is interrupted, and says when the freeze was lost', async () => {
    const run = (...words: string[]) => inn(['freeze', name, '--', ...words], options);
    assert.equal((await run('sh', '-c', 'exit 3')).exitCode, 3);
    assert.equal((await run('/no/such/program')).exitCode, 127);
    assert.equal((await run('sh', '-c', 'kill -TERM $PPID; exec sleep 60')).exitCode, -2);
    const lost = await inn(['freeze', name, '--', 'sh', '-c', 'kill -STOP $PPID; sleep 12; kill -CONT $PPID'], options);
    assert.deepEqual([lost.exitCode, /may be torn/.test(lost.stderr)], [124, true], lost.stderr);
    assert.equal((await filesystems().status(name)).leaseLeftMs, undefined);
    assert.equal((await run('true')).exitCode, 0);
  });

  it('a hook that fails and one that hangs prevent the freeze, and what was stopped is started again', async () => {
    await guest(
      [
        'mkdir -p /etc/innkeeper/pre-freeze.d /etc/limiquantix/post-thaw.d; cd /etc/innkeeper/pre-freeze.d',
        'printf "#!/bin/sh\\necho \\$1 >>/tmp/hooks; echo stopping; exit 0\\n" >10-db; cp 10-db /etc/limiquantix/post-thaw.d/10-db',
        'printf "#!/bin/sh\\necho is busy >&2; exit 4\\n" >20-app; chmod 755 10-db 20-app /etc/limiquantix/post-thaw.d/10-db',
      ].join('\n'),
    );
    const failed = await inn(['freeze', name], options);
    assert.match(failed.stderr, /20-app exited with 4: is busy.*FREEZE_FAILED/s);
    await guest('printf "#!/bin/sh\\necho waiting; sleep 1000\\n" >/etc/innkeeper/pre-freeze.d/20-app');
    const hung = await inn(['freeze', name, '--hook-timeout', '1s'], options);
    assert.match(hung.stderr, /20-app was killed after 1\d\d\d ms: waiting/);
    assert.equal(await guest('cat /tmp/hooks'), 'freeze\nthaw\nfreeze\nthaw\n');
    const ignored = await innText(['freeze', name, '--hook-timeout', '1s', '--ignore-hook-failures'], options);
    assert.match(ignored, /hook .*10-db: exit code 0: stopping\nhook .*20-app: killed after 1\d\d\d ms: waiting/);
    assert.match(await innText(['thaw', name], options), /hook .*post-thaw.d\/10-db: exit code 0/);
    await guest('rm -r /etc/innkeeper /etc/limiquantix');
  });

  it('an agent that is killed while frozen is thawed at once, and one that is stopped within its lease', async () => {
    for (const [signal, most] of [
      ['KILL', 3000],
      ['STOP', 8500],
    ] as const) {
      await longestGap();
      const pid = (await guest('pidof innkeeper-agent')).trim();
      await start(`sleep 2; kill -${signal} ${pid}; sleep 12; kill -CONT ${pid}`);
      const { id } = await filesystems().freeze(name, { leaseMs: 7000, hooks: false });
      await untilThawed();
      await assert.rejects(filesystems().thaw(name, id), { reason: 'FREEZE_ENDED' });
      const gap = await longestGap();
      say(`the agent got SIG${signal}: the root was frozen for ${gap} ms`);
      assert.ok(gap >= 1000 && gap < most, `SIG${signal}: ${gap} ms`);
    }
  });

  it('an agent that is killed together with the process that holds the freeze is thawed by the next agent', async () => {
    await longestGap();
    await start('sleep 2; killall -9 innkeeper-agent innkeeper-thaw');
    const { id } = await filesystems().freeze(name, { leaseMs: 60_000, hooks: false });
    await untilThawed();
    await assert.rejects(filesystems().thaw(name, id), { reason: 'FREEZE_ENDED' });
    const gap = await longestGap();
    say(`both were killed: the root was frozen for ${gap} ms`);
    assert.ok(gap < 10_000, `${gap} ms`);
  });
});

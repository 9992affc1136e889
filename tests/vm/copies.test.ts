import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell, startInGuest } from './guest-shell.ts';
import { inn, innText } from './inn.ts';
import { cleanUp, clientOf, createTestVm } from './vm-state.ts';

const name = 'test-copies';
const mib = 1024 * 1024;

describe('copies to and from a real guest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-vm-copies-'));
  let daemon: Daemon;
  let options: { dataDirectory: string };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 120_000);
  });

  after(async () => {
    try {
      await cleanUp(daemon, [name]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const sh = (script: string): Promise<string> => guestShell(name, script, options);

  it('a tree keeps times, hard links, holes and sticky folders in a guest and back; so does a single file', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'in'), { recursive: true });
    writeFileSync(join(tree, 'a'), 'text');
    writeFileSync(join(tree, 'sparse'), 'data');
    truncateSync(join(tree, 'sparse'), 50 * mib);
    execFileSync('ln', [join(tree, 'a'), join(tree, 'in', 'b')]);
    execFileSync('ln', ['-s', 'a', join(tree, 'link')]);
    execFileSync('chmod', ['1777', join(tree, 'in')]);
    for (const each of ['a', 'link', 'sparse', 'in', '.'])
      execFileSync('touch', ['-hd', '2020-01-02 03:04:05.25', join(tree, each)]);
    const facts = (at: string): string =>
      execFileSync('find', ['.', '-printf', '%P %y %m %n %s %T@ %l\\n'], { cwd: at })
        .toString()
        .split('\n')
        .sort()
        .join('\n');
    await innText(['cp', '-r', tree, `${name}:/root/tree`], options);
    await innText(['cp', '-r', `${name}:/root/tree`, join(folder, 'back')], options);
    assert.equal(facts(join(folder, 'back')), facts(tree));
    assert.ok(Number((await sh('du -k /root/tree/sparse')).split('\t')[0]) < 1024);
    assert.ok(statSync(join(folder, 'back', 'sparse')).blocks * 512 < mib);
    await sh('ln -s tree /root/link');
    await innText(['cp', '-r', `${name}:/root/link/`, join(folder, 'followed')], options);
    assert.equal(facts(join(folder, 'followed')), facts(tree));
    await innText(['cp', join(tree, 'sparse'), `${name}:/root/single`], options);
    await innText(['cp', `${name}:/root/single`, join(folder, 'single')], options);
    assert.ok(Number((await sh('du -k /root/single')).split('\t')[0]) < 1024);
    const single = statSync(join(folder, 'single'));
    assert.deepEqual([single.size, single.mtimeMs], [50 * mib, statSync(join(tree, 'sparse')).mtimeMs]);
    assert.ok(single.blocks * 512 < mib);
  });

  it('/proc/kcore is an error with a reason, in a copy of one file and of a tree', async () => {
    if ((await sh('test -r /proc/kcore && echo yes || true')) === '') return;
    const single = await inn(['cp', `${name}:/proc/kcore`, join(folder, 'endless')], options);
    assert.notEqual(single.exitCode, 0);
    assert.match(single.stderr, /\/proc\/kcore has no true size and more than 256 MiB: it may have no end/);
    const tree = await inn(['cp', '-r', `${name}:/proc/kcore`, join(folder, 'endless')], options);
    assert.equal(tree.exitCode, 1);
    assert.match(tree.stderr, /left out: kcore: has no true size, and more than 1048576 bytes/);
  });

  it('settings in /proc/sys and /sys are uploaded in place', async () => {
    for (const path of ['/proc/sys/kernel/printk_ratelimit', '/sys/block/vda/queue/read_ahead_kb']) {
      const value = join(folder, 'value');
      for (const text of ['64\n', '128\n']) {
        writeFileSync(value, text);
        await innText(['cp', value, `${name}:${path}`], options);
        assert.equal(await sh(`cat ${path}`), text);
        await innText(['cp', `${name}:${path}`, value], options);
        assert.equal(readFileSync(value, 'utf8'), text);
      }
    }
  });

  for (const words of [[], ['-r']])
    it(`inn ${['cp', ...words].join(' ')} begins again when the guest is reset in the middle of an upload`, async () => {
      const source = join(folder, `reset${words.join('')}`);
      const large = words.length === 0 ? source : join(source, 'large');
      if (words.length > 0) mkdirSync(source);
      writeFileSync(large, randomBytes(40 * mib));
      const target = `/root/r${words.join('')}`;
      const copying = inn(['cp', ...words, source, `${name}:${target}`], { ...options, timeoutMs: 300_000 });
      const client = clientOf(daemon.dataDirectory);
      const parts = async (at: string): Promise<bigint> => {
        let bytes = 0n;
        for await (const each of client.files.list(name, at, { hidden: true }))
          if (each.path.endsWith('.part')) bytes += each.sizeBytes;
        return bytes;
      };
      const at = words.length === 0 ? '/root' : target;
      const until = performance.now() + 60_000;
      while ((await parts(at).catch(() => 0n)) < 3n * BigInt(mib)) {
        assert.ok(performance.now() < until, 'no part of the upload was seen');
        await delay(50);
      }
      const reset = 'echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger';
      // The answer is often lost.
      await startInGuest(name, reset, { ...options, timeoutMs: 5000 }).catch(() => undefined);
      const { exitCode, stderr } = await copying;
      assert.equal(exitCode, 0, stderr);
      const path = words.length === 0 ? target : `${target}/large`;
      const [sum] = execFileSync('sha256sum', [large]).toString().split(' ');
      assert.equal((await sh(`sha256sum ${path}`)).split(' ')[0], sum);
      const left = (await sh(`find /root -name '*.part' | wc -l`)).trim();
      assert.equal(left, '0');
    });
});

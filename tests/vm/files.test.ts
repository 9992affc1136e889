import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { GuestProcess } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import { type Daemon, startDaemon } from './daemon.ts';
import { inn, innText, spawnInn } from './inn.ts';
import { cleanUp, clientOf, createTestVm, say } from './vm-state.ts';

const name = 'test-files';
const mib = 1024 * 1024;

/** Attributes of every entry like `ls -l`, without times of folders. */
function describeTree(folder: string): string {
  const format = '%P %y %m %U %G %s %l\\n';
  const listed = execFileSync('find', ['.', '-type', 'd', '-printf', '%P %y %m %U %G\\n', '-o', '-printf', format], {
    cwd: folder,
  });
  return listed.toString().split('\n').sort().join('\n');
}

describe('files and processes of a real guest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-vm-files-'));
  const tree = join(folder, 'tree');
  let daemon: Daemon;
  let options: { dataDirectory: string };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    await createTestVm(daemon, name, 'tiny', 120_000);
    mkdirSync(join(tree, 'deep', 'er'), { recursive: true, mode: 0o750 });
    mkdirSync(join(tree, 'empty'), { mode: 0o700 });
    writeFileSync(join(tree, 'large'), randomBytes(24 * mib));
    writeFileSync(join(tree, 'deep', 'program'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(tree, 'deep', 'er', `${'long'.repeat(40)} ü`), 'x', { mode: 0o600 });
    for (let index = 0; index < 500; index++) writeFileSync(join(tree, 'deep', `f${index}`), `${index}`);
    symlinkSync('deep/program', join(tree, 'link'));
    symlinkSync('/nowhere', join(tree, 'dangling'));
    if (process.getuid?.() === 0) execFileSync('chown', ['-h', '1000:1001', join(tree, 'deep'), join(tree, 'link')]);
  });

  after(async () => {
    try {
      await cleanUp(daemon, [name]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('inn cp -r copies a tree to a guest and back with equal contents, modes, links and owners', async () => {
    let from = performance.now();
    await innText(['cp', '-r', '--owners', tree, `${name}:/root/there`], options);
    const inMs = performance.now() - from;
    from = performance.now();
    await innText(['cp', '-r', '--owners', `${name}:/root/there`, join(folder, 'back')], options);
    say(`${name}: a tree of 24 MiB in ${Math.round(inMs)} ms, out in ${Math.round(performance.now() - from)} ms`);
    execFileSync('diff', ['-r', '--no-dereference', tree, join(folder, 'back')]);
    assert.equal(describeTree(join(folder, 'back')), describeTree(tree));
    const inside = await innText(['exec', name, '--', 'ls', '-ln', '/root/there/deep/program'], options);
    assert.match(inside, /^-rwxr-xr-x/);
  });

  it('inn cp -r passes an archive through pipes in both directions', async () => {
    const bytes = execFileSync('tar', ['-C', tree, '-c', 'deep'], { maxBuffer: 64 * mib });
    assert.equal((await inn(['cp', '-rp', '-', `${name}:/root/piped`], { ...options, input: bytes })).exitCode, 0);
    const { stdout } = await inn(['cp', '-r', `${name}:/root/piped/deep`, '-'], options);
    const listed = execFileSync('tar', ['-t'], { input: stdout, maxBuffer: 64 * mib })
      .toString()
      .trim()
      .split('\n');
    assert.equal(listed.length, 504);
  });

  it('inn files lists, creates, moves, changes and removes files of a guest', async () => {
    const files = (...words: readonly string[]): Promise<string> => innText(['files', ...words], options);
    await files('mkdir', '-p', `${name}:/root/a/b/c`);
    await files('mv', `${name}:/root/a/b`, '/root/moved');
    await files('chmod', '-R', '711', `${name}:/root/moved`);
    await files('chown', '-R', 'guest:guest', `${name}:/root/moved`);
    assert.match(await files('ls', '-l', `${name}:/root`), /^drwx--x--x {2}guest {2}guest .* moved\/$/m);
    assert.equal(await files('ls', '-o', 'name', `${name}:/root/there/deep`, '--sort', 'size').then(firstLine), 'er');
    await files('rm', '-r', `${name}:/root/a`, `${name}:/root/moved`, `${name}:/root/piped`);
    assert.doesNotMatch(await files('ls', `${name}:/root`), /moved|piped/);
    assert.equal((await inn(['files', 'rm', '-r', `${name}:/proc`], options)).exitCode, 1);
    assert.equal((await inn(['files', 'rm', '-r', `${name}:/`], options)).exitCode, 2);
  });

  it('copying a whole guest includes everything except the kernel’s file systems', async () => {
    const result = await inn(['cp', '-r', `${name}:/`, '-'], options);
    // Devices and sockets are named too, and make the copy incomplete.
    assert.ok(result.exitCode === 0 || result.exitCode === 1, result.stderr);
    const others = result.stderr
      .split('\n')
      .filter((line) => line.includes('left out: ') && !/virtual file system|device|FIFO|socket/.test(line));
    assert.deepEqual(others, []);
    assert.match(result.stderr, /left out: \.\/proc: is a virtual file system of the kernel/);
    const listed = execFileSync('tar', ['-t'], { input: result.stdout, maxBuffer: 64 * mib }).toString();
    assert.match(listed, /^root\/usr\/local\/bin\/innkeeper-agent$/m);
  });

  it('inn ps reports the CPU usage, memory and user of a busy loop', async () => {
    const child = spawnInn(['exec', '-u', 'guest', name, '--', 'sh', '-c', 'while :; do :; done'], options);
    child.stdin.end();
    const client = clientOf(daemon.dataDirectory);
    try {
      let best: GuestProcess | undefined;
      // The host may be busy; the highest of several measurements is the most accurate.
      for (let look = 0; look < 12 && (best?.cpuPercent ?? 0) < 90; look++) {
        await delay(2000);
        const { processes } = await client.processes.list(name);
        const busy = processes.find(({ command }) => command === 'sh -c while :; do :; done');
        if ((busy?.cpuPercent ?? 0) > (best?.cpuPercent ?? -1)) best = busy;
      }
      say(`${name}: the busy loop has ${best?.cpuPercent?.toFixed(1)} % of a CPU`);
      assert.ok((best?.cpuPercent ?? 0) > 80 && (best?.cpuPercent ?? 0) < 115, `${best?.cpuPercent} %`);
      assert.deepEqual([best?.user, best?.state], ['guest', 'R']);
      assert.ok(Number(best?.rssBytes) > 0);
      const table = await innText(['ps', name, '-n', '1'], options);
      assert.match(table, /guest .* sh -c while/);
      await innText(['signal', name, String(best?.pid), '-s', 'KILL'], options);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('inn signal --tree ends a whole process tree', async () => {
    const script = 'sleep 1001 & sh -c "sleep 1002 & wait" & wait';
    const id = (await innText(['exec', '--detach', name, '--', 'sh', '-c', script], options)).trim();
    assert.match(id, /^\S+$/);
    const client = clientOf(daemon.dataDirectory);
    const running = async (): Promise<GuestProcess[]> =>
      (await client.processes.list(name)).processes.filter(({ command }) => /sleep 100[12]/.test(command));
    const found = await until(async () => {
      const all = await running();
      return all.length >= 4 ? all : undefined;
    });
    const top = found.find(({ command }) => command.startsWith('sh -c sleep 1001'));
    await innText(['signal', name, String(top?.pid), '--tree'], options);
    await until(async () => (await running()).length === 0);
    assert.equal((await inn(['signal', name, '1'], options)).exitCode, 1);
  });
});

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

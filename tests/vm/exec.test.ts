import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { NodeReceiver, openingBytes, portableByteOps } from '@innkeeper/wire';
import { type Daemon, startDaemon } from './daemon.ts';
import { type InnResult, inn, innText, spawnInn } from './inn.ts';
import { cleanUp, clientOf, createTestVm, isConnected, say, waitForVm } from './vm-state.ts';

const name = 'test-exec';
const main = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'src', 'main.ts');

describe('commands in a guest', { timeout: 900_000 }, () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };
  let hypervisorPid = 0;

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    hypervisorPid = (await createTestVm(daemon, name, 'tiny', 120_000, { cpus: 2 })).hypervisor?.pid ?? 0;
  });

  after(() => cleanUp(daemon, [name]));

  /** Runs a line of bash, in which `inn` is this program. */
  const bash = async (line: string): Promise<{ exitCode: number; stdout: string; stderr: string }> => {
    const script = `inn() { "$NODE" "$MAIN" "$@"; }; set -o pipefail; ${line}`;
    const env = { ...process.env, INNKEEPER_DATA: options.dataDirectory, NODE: process.execPath, MAIN: main };
    const child = spawn('bash', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [exitCode]] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      once(child, 'close') as Promise<[number]>,
    ]);
    return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
  };

  const exec = (...words: string[]): Promise<InnResult> => inn(['exec', name, ...words], options);

  /** Waits until no process of the guest has this name. */
  const untilGone = async (program: string, withinMs: number): Promise<void> => {
    const isGone = async (): Promise<boolean> => (await exec('-n', '--', 'pidof', program)).exitCode !== 0;
    await until(isGone, { withinMs, everyMs: 1000, what: `${program} ends` });
  };

  it('inn exec exits with 141 and leaves no process in the guest if its reader closes the pipe', async () => {
    const { exitCode, stdout, stderr } = await bash(`inn exec ${name} -- yes | head -1`);
    assert.deepEqual([exitCode, stdout, stderr], [141, 'y\n', '']);
    await untilGone('yes', 5000);
  });

  // They wait, so at the same time.
  describe('that nobody reads for a while', { concurrency: true }, () => {
    it('inn exec loses no byte if the reader of its output pauses for 40 s', async () => {
      // Counted once, since busybox counts slowly: 3.4 MB.
      const script = 'seq 500000 >/tmp/numbers; for round in 1 2 3 4 5 6 7; do cat /tmp/numbers; done';
      const { exitCode, stdout } = await bash(`inn exec ${name} -n -- sh -c '${script}' | (sleep 40; wc -lc)`);
      assert.deepEqual([exitCode, stdout.trim().split(/\s+/)], [0, ['3500000', '23722265']]);
    });

    it('a command without --detach gets HUP a minute after inn was killed', async () => {
      const child = spawnInn(['exec', name, '--', 'sh', '-c', 'echo up; exec tail -f /dev/null'], options);
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      assert.equal((await exec('-n', '--', 'pidof', 'tail')).exitCode, 0);
      await untilGone('tail', 100_000);
    });
  });

  it('a command of another user can open its streams by name, and ignores no signal', async () => {
    const script = 'cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr; ls /dev/fd/0';
    const input = Buffer.from('in\n');
    const result = await inn(['exec', name, '-u', 'guest', '--', 'sh', '-c', script], { ...options, input });
    assert.deepEqual([result.exitCode, result.stdout.toString(), result.stderr], [0, 'in\nout\n/dev/fd/0\n', 'err\n']);
    const { stdout } = await exec('-n', '--', 'grep', 'SigIgn', '/proc/self/status');
    assert.equal(stdout.toString(), 'SigIgn:\t0000000000000000\n');
  });

  it('arguments of 1.8 MB arrive unchanged, and beyond the limits of Linux they are refused with both numbers', async () => {
    const client = clientOf(options.dataDirectory);
    const words = Array.from({ length: 15 }, () => 'x'.repeat(120_000));
    const { stdout } = await client
      .vm(name)
      .exec(['sh', '-c', 'echo $# $(printf %s "$9" | wc -c)', 'sh', ...words])
      .result();
    assert.equal(stdout, '15 120000\n');
    const tooMany = client
      .vm(name)
      .exec(['true', ...words, ...words])
      .result();
    await assert.rejects(tooMany, /INVALID_ARGUMENT|36\d{5} bytes; the maximum is 2162688/);
  });

  it('200 commands started at once in a VM all run', async () => {
    const vm = clientOf(options.dataDirectory).vm(name);
    const results = await Promise.all(Array.from({ length: 200 }, (_, index) => vm.exec(['echo', `${index}`]).text()));
    assert.deepEqual(
      results,
      Array.from({ length: 200 }, (_, index) => `${index}\n`),
    );
  });

  it('a command that the kernel kills for memory says so, also when it is a shell’s child, and a plain KILL does not', async () => {
    // A little less than all memory: Linux refuses at once to give out more.
    const eat = "tail -c $(awk '/^MemTotal/ { print $2 - 1024 }' /proc/meminfo)k /dev/zero";
    for (const script of [`exec ${eat}`, `${eat}; exit $?`]) {
      const { exitCode, stderr } = await exec('-n', '--', 'sh', '-c', script);
      assert.deepEqual([exitCode, /killed it: out of memory/.test(stderr)], [137, true], `${script}: ${stderr}`);
    }
    const { exitCode, stderr } = await exec('-n', '--', 'sh', '-c', 'kill -9 $$');
    assert.deepEqual([exitCode, /memory/.test(stderr)], [137, false]);
  });

  it('nothing is left of a command after its timeout, even a process with another session and environment', async () => {
    const hidden =
      '(setsid env -i /bin/sh -c \'trap "" TERM HUP; exec tail -f /dev/null\' >/dev/null 2>&1 &); sleep 600';
    const { exitCode } = await exec('-n', '--timeout', '2s', '--', 'sh', '-c', hidden);
    assert.equal(exitCode, 124);
    assert.notEqual((await exec('-n', '--', 'pidof', 'tail')).exitCode, 0);
  });

  it('nothing is left of a cancelled run, even a process with another session and environment', async () => {
    const hidden =
      '(setsid env -i /bin/sh -c \'trap "" TERM HUP; exec tail -f /dev/null\' >/dev/null 2>&1 &); sleep 600';
    const id = (await innText(['run', '--on', name, '--detach', '--', 'sh', '-c', hidden], options)).trim();
    const deadline = performance.now() + 60_000;
    while ((await exec('-n', '--', 'pidof', 'tail')).exitCode !== 0) assert.ok(performance.now() < deadline);
    await innText(['runs', 'cancel', id], options);
    await untilGone('tail', 60_000);
  });

  it('a host that writes its hello as it connects is answered, 500 times in a row', async () => {
    await daemon.killHard();
    const commandLine = readFileSync(`/proc/${hypervisorPid}/cmdline`, 'utf8').split('\0');
    const port = commandLine.find((word) => word.startsWith('socket,') && word.includes('org.innkeeper.agent.0'));
    const path = /path=([^,]+)/.exec(port ?? '')?.[1] ?? '';
    let slowestMs = 0;
    for (let count = 0; count < 500; count++) slowestMs = Math.max(slowestMs, await welcomeMs(path));
    say(`the slowest of 500 welcomes took ${Math.round(slowestMs)} ms`);
    daemon = await startDaemon();
    await waitForVm(name, daemon.dataDirectory, isConnected);
    assert.equal(await innText(['exec', name, '--', 'echo', 'back'], options), 'back\n');
  });
});

/** Connects, writes one hello at once, and waits for its welcome. Resolves to the milliseconds that it took. */
async function welcomeMs(path: string): Promise<number> {
  const startMs = performance.now();
  const session = crypto.getRandomValues(new Uint8Array(16));
  const receiver = new NodeReceiver(portableByteOps);
  receiver.begin(session);
  const hello = { minVersion: 1, maxVersion: 1, wallTimeUnixNs: BigInt(Date.now()) * 1_000_000n, nodeVersion: 'test' };
  const socket = createConnection(path);
  // Written before the connection is known to be open.
  socket.write(openingBytes(session, hello, portableByteOps));
  const timer = setTimeout(() => socket.destroy(new Error('no welcome within 10 s')), 10_000);
  try {
    for await (const bytes of socket as AsyncIterable<Buffer>)
      for (const incoming of receiver.push(bytes)) if (incoming.type === 'welcome') return performance.now() - startMs;
    throw new Error('The port was closed.');
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

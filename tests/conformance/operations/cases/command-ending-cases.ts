import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.ts';
import { isAlive, processGone } from '../process-gone.ts';

function numbers(text: Buffer): number[] {
  return `${text}`.trim().split('\n').map(Number);
}

export const commandEndingCases: readonly ConformanceCase[] = [
  {
    title: 'a command that a signal ended has no exit code',
    needs: ['commands'],
    run: async ({ client }) => {
      const { exitCode, stdout } = await client.run({ shell: 'echo before; kill -TERM $$' });
      assert.deepEqual([exitCode, `${stdout}`], [undefined, 'before\n']);
    },
  },
  {
    title: 'the signal that ended a command is returned',
    needs: ['signals of ends'],
    run: async ({ client }) => {
      assert.equal((await client.run({ shell: 'kill -USR1 $$' })).signal, 10);
    },
  },
  {
    title:
      'at a command’s timeout its whole tree is ended, including processes that left the session, and earlier output is kept',
    needs: ['timeouts of commands'],
    run: async ({ client }) => {
      const tree = "sleep 300 & echo $!; setsid sh -c 'echo $$; exec sleep 300' & wait";
      const { stdout, timedOut, exitCode } = await client.run({ shell: tree, timeoutSeconds: 1 });
      assert.deepEqual([timedOut, exitCode], [true, undefined]);
      const pids = numbers(stdout);
      assert.equal(pids.length, 2);
      await Promise.all(pids.map(processGone));
    },
  },
  {
    title: 'a command that ignores TERM is killed after its grace period',
    needsNative: 'grace periods',
    run: async ({ client }) => {
      const shellCommand = 'trap "" TERM; echo $$; while :; do sleep 0.05; done';
      const { exited, stdout } = await client.exec({ shellCommand, timeoutMs: 200, killGraceMs: 100 });
      assert.deepEqual([exited.ending, exited.status.case, exited.status.value], [2, 'signal', 9]);
      await Promise.all(numbers(stdout).map(processGone));
    },
  },
  {
    title: 'output beyond the limit is cut and marked as truncated, and the command runs to its end',
    needs: ['limits of output'],
    run: async ({ client }) => {
      const shell = 'yes 0123456789 | head -c 50000; echo end >&2; exit 5';
      const { stdout, truncated, exitCode } = await client.run({ shell, maxOutputBytes: 1000 });
      assert.deepEqual([truncated, exitCode, stdout.length], [true, 5, 1000]);
      assert.equal((await client.run({ shell: 'printf 1234', maxOutputBytes: 4 })).truncated, false);
    },
  },
  {
    title: 'the total sizes of truncated output are returned',
    needsNative: 'totals of output',
    run: async ({ client }) => {
      const shellCommand = 'head -c 50000 /dev/zero; head -c 7000 /dev/zero >&2';
      const { exited, stdout, stderr } = await client.exec({ shellCommand, maxOutputBytes: 1000n });
      assert.deepEqual([exited.stdoutBytes, exited.stderrBytes, exited.truncated], [50_000n, 7000n, true]);
      assert.equal(stdout.length + stderr.length, 1000);
    },
  },
  {
    title: 'a background grandchild with open pipes does not delay the end of a command',
    needs: ['commands'],
    run: async ({ client }) => {
      const startMs = performance.now();
      const { stdout, exitCode } = await client.run({ shell: 'sleep 300 & echo $!; exit 3' });
      const [pid = 0] = numbers(stdout);
      assert.ok(performance.now() - startMs < 20_000);
      assert.equal(exitCode, 3);
      assert.ok(await isAlive(pid), 'the grandchild was killed');
      process.kill(pid, 'SIGKILL');
    },
  },
  {
    title: 'a grandchild that a command left behind is counted',
    needsNative: 'counts of processes left behind',
    run: async ({ client }) => {
      const { exited, stdout } = await client.exec({ shellCommand: 'sleep 300 & echo $!' });
      assert.equal(exited.orphansLeft, 1);
      for (const pid of numbers(stdout)) process.kill(pid, 'SIGKILL');
    },
  },
  {
    title: 'a requested signal reaches the whole tree and is returned as the end of the command',
    needsNative: 'signals to commands',
    run: async ({ client }) => {
      await using exec = client.link.exec({ shellCommand: 'sleep 300 & echo $!; wait' });
      for await (const { event } of exec.events) {
        if (event.case === 'output') await exec.signal(15);
        if (event.case === 'exited') assert.deepEqual([event.value.ending, event.value.status.value], [3, 15]);
      }
    },
  },
];

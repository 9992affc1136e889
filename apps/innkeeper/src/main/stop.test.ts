import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Log, silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { parseCommandLine } from './command-line.ts';
import { startDaemon } from './daemon.ts';
import { stopMessage } from './stop-message.ts';
import { StopStack } from './stop-stack.ts';
import { stopTerms } from './stop-terms.ts';
import { stopTimeoutMs } from './until-stopped.ts';

const never = (): Promise<never> => new Promise<never>(() => undefined);

describe('StopStack', () => {
  it('stops the last first, leaves behind what hangs, and goes on after what fails', async () => {
    const stopped: string[] = [];
    const logged: unknown[] = [];
    const take: Log['warn'] = (event, fields) => void logged.push([event, fields?.['part']]);
    const stack = new StopStack({ ...silentLog, warn: take, error: take });
    const terms = (name: string) => ({ name, timeoutMs: 20, lost: `what ${name} had` });
    stack.defer(() => stopped.push('first'), terms('first'));
    stack.defer(never, terms('hanging'));
    stack.defer(() => assert.fail('broken'), terms('failing'));
    stack.use({ [Symbol.dispose]: () => void stopped.push('last') }, terms('last'));
    const moved = stack.move();
    await stack[Symbol.asyncDispose]();
    assert.deepEqual(stopped, []);
    await moved[Symbol.asyncDispose]();
    assert.deepEqual(stopped, ['last', 'first']);
    assert.deepEqual(logged, [
      ['stop.failed', 'failing'],
      ['stop.not-in-time', 'hanging'],
    ]);
    assert.deepEqual(moved.unfinished, [{ name: 'hanging', lost: 'what hanging had' }]);
    assert.match(stopMessage([], moved.unfinished), /^Not stopped in time: hanging. Lost: what hanging had.\n/);
  });

  it('has times that fit together into the time of the whole stop', () => {
    const { history, socket } = stopTerms;
    const all = [...Object.values(stopTerms), history, socket];
    const sumMs = all.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
    assert.ok(sumMs <= stopTimeoutMs - 500, `${sumMs} ms`);
  });
});

describe('a stopping daemon', { timeout: 60_000 }, () => {
  it('ends in time although four operations never end, and says what that costs', async () => {
    const data = await mkdtemp(join(tmpdir(), 'innkeeper-stop-'));
    try {
      const settings = parseCommandLine(['serve', '--data', data, '--listen', 'none'], {});
      assert.ok(settings);
      const daemon = await startDaemon(settings, silentLog);
      for (const target of ['a', 'b', 'c', 'd'])
        await daemon.node.operations.start({ kind: 'image.add', target, work: never });
      const beganMs = performance.now();
      await daemon[Symbol.asyncDispose]();
      assert.ok(performance.now() - beganMs < stopTimeoutMs);
      assert.deepEqual(
        daemon.unfinished.map(({ name }) => name),
        ['operations'],
      );
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe('a process that listens for the signals to stop', { timeout: 60_000 }, () => {
  const start = async (after: string, timeoutMs: number) => {
    const module = join(import.meta.dirname, 'until-stopped.ts');
    const code = `
      import { listenForStop } from '${module}';
      const stop = listenForStop(${timeoutMs});
      const timer = setInterval(() => undefined, 1000);
      process.stdout.write('ready\\n');
      await stop.exitCode;
      process.stdout.write('stopping\\n');
      ${after}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const end = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const says = async (text: string): Promise<void> => {
      await until(() => said.includes(text));
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await says('ready');
    return { child, end, says, said: () => said };
  };
  const busy = 'for (;;);';

  it('ends at once at the second signal, also when its main thread is busy', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, end, says } = await start(busy, 60_000);
      child.kill(signal);
      await says('stopping');
      child.kill(signal);
      assert.deepEqual(await end, [null, signal]);
    }
  });

  it('is killed when it is still there after its time, also when its main thread is busy, and says so', async () => {
    const { child, end, said } = await start(busy, 300);
    child.kill('SIGTERM');
    assert.deepEqual(await end, [null, 'SIGKILL']);
    assert.match(said(), /did not stop within 0.3 s and is killed; VMs keep running/);
  });

  it('has the exit code 0 after SIGTERM, and 130 after SIGINT', async () => {
    for (const [signal, exitCode] of [
      ['SIGTERM', 0],
      ['SIGINT', 130],
    ] as const) {
      const { child, end } = await start('process.exit(await stop.exitCode);', 60_000);
      child.kill(signal);
      assert.deepEqual(await end, [exitCode, null]);
    }
  });

  it('ends with its own exit code when it is done before', async () => {
    const { child, end } = await start('process.exit(3);', 60_000);
    child.kill('SIGTERM');
    assert.deepEqual(await end, [3, null]);
  });
});

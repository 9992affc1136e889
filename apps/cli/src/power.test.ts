import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callError, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

describe('inn shutdown, reboot, suspend, wake, cpu and memory', () => {
  it('each sends the request that its words describe, and says what comes', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      guestPower: {
        shutdown: ({ mode, delaySeconds, message }) => {
          asked.push([mode, delaySeconds, message]);
          return {};
        },
        cancelShutdown: () => ({ canceled: asked.length < 3 }),
        suspend: () => {
          throw callError('SUSPEND_UNSUPPORTED', 'no S3');
        },
        listHardware: ({ kind }) => ({
          units: [
            { id: 0, online: true, fixed: true },
            { id: 1, online: false },
          ],
          ...(kind === 2 ? { blockBytes: 134_217_728n } : {}),
        }),
        setHardware: ({ kind, ids, online }) => {
          asked.push([kind, ids, online]);
          return {};
        },
      },
      vms: { wakeVm: ({ vm }) => ({ name: vm }) },
    });
    const say = async (...words: string[]): Promise<string> => (await runInn(daemon.socketPath, words)).stdout;
    assert.equal(await say('shutdown', 'one', '--in', '5m', '--message', 'new disk'), 'one shuts down in 300 s.\n');
    assert.equal(await say('reboot', 'one', '--delay', '2s'), 'one reboots in 2 s.\n');
    assert.equal(await say('reboot', 'one', '--cancel'), 'one stays up.\n');
    assert.equal(await say('shutdown', 'one', '--halt'), 'one halts.\n');
    assert.equal(await say('shutdown', 'one', '--cancel'), 'one was not about to shut down.\n');
    assert.match((await runInn(daemon.socketPath, ['suspend', 'one'])).stderr, /no S3.*SUSPEND_UNSUPPORTED/);
    assert.equal(await say('wake', 'one'), 'one is awake.\n');
    assert.match(await say('cpu', 'ls', 'one'), /^CPU +STATE +FIXED\n0 +on line +yes\n1 +off line +no\n$/);
    assert.match(await say('memory', 'ls', 'one'), /off line +128 MiB/);
    assert.equal(await say('cpu', 'off', 'one', '1', '2'), 'one: cpu 1, 2 is off line.\n');
    assert.equal(await say('memory', 'on', 'one', '32'), 'one: memory 32 is on line.\n');
    assert.deepEqual(asked, [
      [1, 300, 'new disk'],
      [2, 2, ''],
      [3, 0, ''],
      [1, [1, 2], false],
      [2, [32], true],
    ]);
  });
});

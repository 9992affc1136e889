import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { ExecEventSchema } from '@innkeeper/contract/agent';
import { VmState } from '@innkeeper/contract/control';
import { until } from '@innkeeper/kit/testing';
import {
  type FakeDaemon,
  type FakeHandlers,
  startFakeDaemon,
} from '../../../packages/client/src/testing/fake-daemon.ts';
import { terminationSignals } from './ended-by-signal.ts';
import { spawnInn } from './testing/run-inn.ts';

/** A call that is never answered, until its caller leaves. */
const never = (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
async function* neverStream(request: unknown, context: { signal: AbortSignal }): AsyncGenerator<never> {
  yield await never(request, context);
}

const started = toBinary(ExecEventSchema, create(ExecEventSchema, { event: { case: 'started', value: { id: 'x' } } }));
const handlers: FakeHandlers = {
  vms: { getVm: never, watchVm: neverStream, listEvents: () => ({ events: [] }), listVms: never, startVm: never },
  runs: { watchRun: neverStream, startRun: never },
  guestFiles: { stat: never },
  guestProcesses: { list: never },
  terminals: { createTerminal: never },
  files: () => undefined,
  socket: (socket, path) => {
    if (path.endsWith('/exec')) {
      socket.send(started);
      socket.send(JSON.stringify({ type: 'agent', state: 'lost' }));
    } else if (path !== '/v1/live') socket.send(Buffer.from('here'));
  },
};

interface Verb {
  readonly words: readonly string[];
  /** Output that shows that it waits; without it, it waits once it is connected. */
  readonly says?: RegExp;
  /** It has no signal handler of its own, so one signal is tested for all. */
  readonly isPlain?: boolean;
}

const verbs: Readonly<Record<string, Verb>> = {
  'exec (agent lost)': { words: ['exec', 'hello', '--', 'job'], says: /agent lost/ },
  wait: { words: ['wait', 'hello'], isPlain: true },
  start: { words: ['start', 'hello'], isPlain: true },
  ps: { words: ['ps', 'hello'], isPlain: true },
  'cp (from a guest)': { words: ['cp', 'hello:/f', '-'] },
  run: { words: ['run', '--on', 'hello', '--', 'job'], isPlain: true },
  'runs follow': { words: ['runs', 'follow', 'r'] },
  'shell (being created)': { words: ['shell', 'hello'], isPlain: true },
  shell: { words: ['shell', 'hello', '--attach', 'abc'], says: /here/ },
  console: { words: ['console', 'hello'], says: /here/ },
  'events -f': { words: ['events', '-f'], says: /waiting/, isPlain: true },
  top: { words: ['top'] },
};

async function untilWaiting(daemon: FakeDaemon, child: ChildProcessWithoutNullStreams, says?: RegExp): Promise<void> {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  const isWaiting = (): boolean => {
    assert.equal(child.exitCode, null, text);
    return says === undefined ? daemon.connections() > 0 : says.test(text);
  };
  await until(isWaiting, { what: () => `inn waits; it printed ${JSON.stringify(text)}` });
}

describe('inn, waiting', { concurrency: 2 }, () => {
  for (const [name, { words, says, isPlain }] of Object.entries(verbs))
    for (const signal of isPlain === true ? (['SIGTERM'] as const) : terminationSignals)
      it(`inn ${name} ends immediately by ${signal}`, { timeout: 60_000 }, async () => {
        await using daemon = await startFakeDaemon(handlers);
        const child = spawnInn(daemon.socketPath, words);
        const closed = once(child, 'close');
        await untilWaiting(daemon, child, says);
        child.kill(signal);
        assert.deepEqual(await closed, [null, signal]);
      });

  it('shell, console and top restore the terminal before they end by SIGTERM', { timeout: 60_000 }, async (t) => {
    if (spawnSync('script', ['--version']).status !== 0) return t.skip('the program "script" is not installed');
    const vm = { id: 'v', name: 'hello', state: VmState.RUNNING };
    await using daemon = await startFakeDaemon({ ...handlers, vms: { listVms: () => ({ vms: [vm] }) } });
    const { main, node } = { main: join(import.meta.dirname, 'main.ts'), node: process.execPath };
    for (const [words, says] of [
      ['shell hello --attach abc', 'here'],
      ['console hello', 'here'],
      ['top', 'hello'],
    ] as const) {
      // The terminal's settings before and after. In the background, and on the same terminal by name.
      const script = `stty -g; "${node}" "${main}" ${words} </dev/tty & echo pid=$!; wait $!; echo code=$?; stty -g`;
      const child = spawn('script', ['-qec', `bash -c '${script}'`, '/dev/null'], {
        env: { ...process.env, INNKEEPER_SOCKET: daemon.socketPath, HOME: '/nonexistent' },
      });
      let text = '';
      let isKilled = false;
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        const pid = Number(/pid=(\d+)/.exec(text)?.[1]);
        if (isKilled || Number.isNaN(pid) || !text.includes(says)) return;
        isKilled = true;
        // The terminal is in raw mode, so that there is something to restore.
        const settings = spawnSync('stty', ['-F', readlinkSync(`/proc/${pid}/fd/1`), '-a']).stdout.toString();
        assert.match(settings, /-icanon/, words);
        process.kill(pid, 'SIGTERM');
      });
      await once(child, 'close');
      assert.match(text, /code=143/, words);
      const settings = text.match(/[0-9a-f]+(:[0-9a-f]+){10,}/g) ?? [];
      assert.equal(settings.length, 2, text);
      assert.equal(settings[0], settings[1], words);
    }
  });
});

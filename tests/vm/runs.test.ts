import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RunState } from '@innkeeper/contract/control';
import { type Daemon, startDaemon } from './daemon.ts';
import { inn, innText, spawnInn } from './inn.ts';
import { cleanUp, clientOf, createTestVm } from './vm-state.ts';

const mib = 1024 * 1024;
const names = ['test-run-a', 'test-run-b'] as const;
const on = names.flatMap((name) => ['--on', name]);

/** Children that ignore TERM; one of them leaves the session. */
const stubborn = `#!/bin/sh
(trap '' TERM; while :; do sleep 1; done) &
setsid sh -c 'trap "" TERM; while :; do sleep 1; done' &
echo ready
wait
`;

describe('runs on two guests', { timeout: 600_000 }, () => {
  let daemon: Daemon;
  let options: { dataDirectory: string };

  before(async () => {
    daemon = await startDaemon();
    options = { dataDirectory: daemon.dataDirectory };
    for (const name of names) await createTestVm(daemon, name, 'tiny', 120_000);
    await innText(['exec', names[0], '--', 'touch', '/etc/marked'], options);
  });

  after(() => cleanUp(daemon, names));

  const inGuest = (name: string, ...words: string[]): Promise<string> =>
    innText(['exec', name, '--', ...words], options);

  it('a run executes a script as another user on two guests, and reports which one failed', async () => {
    const script = Buffer.from('#!/bin/sh\nid -un\necho "$WORD in $PWD" >&2\ntest -e /etc/marked\n');
    const words = ['-u', 'nobody', '-w', '/tmp', '-e', 'WORD=hi', '--title', 'marks', '--script', '-'];
    const { exitCode, stdout, stderr } = await inn(['run', ...on, ...words], { ...options, input: script });
    assert.equal(exitCode, 1);
    assert.deepEqual(stdout.toString().split('\n').toSorted(), ['', ...names.map((name) => `${name} | nobody`)]);
    for (const name of names) assert.ok(stderr.includes(`${name} | hi in /tmp\n`), stderr);
    assert.match(stderr, /test-run-a +succeeded +exit code 0/);
    assert.match(stderr, /test-run-b +failed +exit code 1/);
    for (const name of names) assert.equal(await inGuest(name, 'ls', '-A', '/tmp'), '');
    const client = clientOf(daemon.dataDirectory);
    const { value: run } = await client.runs.list({ text: 'marks' }).next();
    assert.equal(run?.state, RunState.FAILED);
    assert.equal(
      await innText(['runs', 'output', run?.id ?? '', '--on', names[1], '--stream', 'stdout'], options),
      'nobody\n',
    );
  });

  it('a cancelled run ends with its whole process tree', async () => {
    const child = spawnInn(['run', ...on, '--script', '-'], options);
    child.stdin.end(stubborn);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.match(/ready/g)?.length === 2) child.kill('SIGINT');
    });
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGINT']);
    for (const name of names) {
      const processes = await inGuest(name, 'ps', '-o', 'args');
      assert.ok(!/trap|innkeeper-run|sleep/.test(processes), processes);
      assert.equal(await inGuest(name, 'ls', '-A', '/tmp'), '');
    }
  });

  it('a run retains 16 MiB of output and reports how much was dropped', async () => {
    const words = ['--max-output', '16M', '--', 'sh', '-c', 'yes | head -c 20971520'];
    const { exitCode, stdout, stderr } = await inn(['run', '--on', names[0], ...words], options);
    assert.deepEqual([exitCode, stdout.length], [0, 16 * mib]);
    assert.match(stderr, /4 MiB of output were not stored/);
    const client = clientOf(daemon.dataDirectory);
    const { value: run } = await client.runs.list({ pageSize: 1 }).next();
    assert.equal(run?.targets[0]?.exited?.truncated, true);
    assert.equal(run.targets[0].keptBytes, BigInt(16 * mib));
    const refused = await inn(['run', '--on', names[0], '--max-output', '17M', '--', 'true'], options);
    assert.deepEqual([refused.exitCode, refused.stderr.includes('INVALID_ARGUMENT')], [2, true]);
  });

  it('a run continues while the daemon is dead, can be followed afterwards, and leaves no script behind', async () => {
    const script = 'for i in 1 2 3 4 5 6; do echo tick $i; sleep 1; done\n';
    const child = spawnInn(['run', ...on, '--script', '-'], options);
    child.stdin.end(script);
    const lines: string[] = [];
    const seen = Promise.withResolvers<void>();
    child.stdout.on('data', (chunk: Buffer) => {
      lines.push(...chunk.toString().trimEnd().split('\n'));
      if (lines.length >= 4) seen.resolve();
    });
    const exited = once(child, 'exit') as Promise<[number]>;
    await seen.promise;
    await daemon.killHard();
    await delay(1000);
    daemon = await startDaemon();
    assert.deepEqual(await exited, [0, null]);
    const wanted = names.flatMap((name) => [1, 2, 3, 4, 5, 6].map((tick) => `${name} | tick ${tick}`));
    assert.deepEqual(lines.toSorted(), wanted);
    for (const name of names) assert.equal(await inGuest(name, 'ls', '-A', '/tmp'), '');
  });

  it('a run reports a guest that was stopped meanwhile', async () => {
    const client = clientOf(daemon.dataDirectory);
    const { id } = await client.runs.start({ vms: names, argv: ['sleep', '5'] });
    for await (const { event } of client.runs.watch(id))
      if (event.case === 'run' && event.value.targets.every(({ state }) => state === RunState.RUNNING)) break;
    await innText(['kill', names[1]], options);
    const { exitCode, stderr } = await inn(['runs', 'follow', id], options);
    assert.equal(exitCode, 1);
    assert.match(stderr, /test-run-a +succeeded/);
    assert.match(stderr, /test-run-b +failed +VM_NOT_RUNNING/);
  });
});

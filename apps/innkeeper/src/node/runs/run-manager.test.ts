import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { OutputStream } from '@innkeeper/contract/agent';
import { type Run, type RunEvent, RunSpecSchema, RunState } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { type ServedApi, serveApi } from '../../api/testing/serve-api.ts';
import { createLocalNode } from '../local-node.ts';
import { RunManager } from './run-manager.ts';
import { scriptPath } from './run-spec.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

type Spec = MessageInitShape<typeof RunSpecSchema>;

describe('runs', () => {
  let api: ServedApi;
  let manager: RunManager;
  let vms: { readonly id: string; readonly name: string }[];
  /** Lets `wait-for-end` end, which ignores TERM. */
  const ending = Promise.withResolvers<void>();
  const guest: FakeHost<typeof unrefClock> = new FakeHost({
    clock: unrefClock,
    programs: {
      // Prints a file, as an interpreter would read it.
      '/usr/bin/show': async ({ argv, write }) => {
        await write(`${argv[1]} ${guest.files.readText(argv[2] ?? '', 4096)}`);
        return 0;
      },
      '/usr/bin/hang': async ({ sleep }) => {
        await sleep(1_000_000);
        return 0;
      },
      '/usr/bin/wait-for-end': async ({ onSignal, write }) => {
        onSignal(15, () => undefined);
        await write('waiting\n');
        await ending.promise;
        return 0;
      },
    },
  });

  const newManager = async (): Promise<RunManager> => {
    const node = createLocalNode(api.node);
    const made = new RunManager({
      runs: api.node.context.store.runs,
      agent: (vmId, signal) => node.vms.find(vmId).agent({ signal }),
      log: silentLog,
      nodeId: node.id,
    });
    await made.start();
    return made;
  };

  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    vms = [(await api.createVm('one')).row].map(({ id, name }) => ({ id, name }));
    manager = await newManager();
  });
  after(async () => {
    await manager[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const start = (spec: Spec, id = '', on = vms): Promise<Run> =>
    manager.run({ id, user: 'me', spec: create(RunSpecSchema, spec), vms: on });

  async function watched(id: string): Promise<{ run: Run; stdout: string; stderr: string; events: RunEvent[] }> {
    const events: RunEvent[] = [];
    for await (const event of manager.watch(id, AbortSignal.timeout(10_000))) events.push(event);
    const text = (stream: OutputStream): string =>
      events
        .flatMap(({ event }) => (event.case === 'output' && event.value.stream === stream ? [event.value.data] : []))
        .map((data) => Buffer.from(data).toString())
        .join('');
    const run = events.flatMap(({ event }) => (event.case === 'run' ? [event.value] : [])).at(-1);
    assert.ok(run);
    return { run, stdout: text(OutputStream.STDOUT), stderr: text(OutputStream.STDERR), events };
  }

  it('a run keeps a command’s output by stream, and its exit code', async () => {
    const { id } = await start({ argv: ['sh', '-c', 'echo out; echo bad >&2; exit 3'] });
    const { run, stdout, stderr } = await watched(id);
    assert.deepEqual([stdout, stderr], ['out\n', 'bad\n']);
    assert.equal(run.state, RunState.FAILED);
    assert.deepEqual(run.targets[0]?.exited?.status, { case: 'exitCode', value: 3 });
    // Again, now that it has ended and is read from the store.
    assert.equal((await watched(id)).stdout, 'out\n');
  });

  it('a run executes a script with its interpreter, and leaves no file behind', async () => {
    const { id } = await start({ script: '#!/usr/bin/show -x\nhello\n' });
    const { run, stdout } = await watched(id);
    assert.equal(run.state, RunState.SUCCEEDED, run.targets[0]?.errorMessage ?? '');
    assert.equal(run.spec?.title, 'hello');
    assert.equal(stdout, '-x #!/usr/bin/show -x\nhello\n');
    assert.throws(() => guest.files.stat(scriptPath(id), false), { errno: 'ENOENT' });
  });

  it('a run sends megabytes to watchers, complete and in order', async () => {
    const { id } = await start({ argv: ['seq', '100000'], maxOutputBytes: 4_000_000n });
    const { run, stdout } = await watched(id);
    assert.equal(run.state, RunState.SUCCEEDED);
    assert.equal(stdout.length, 588_895);
    assert.equal(stdout.split('\n')[99_999], '100000');
    assert.equal(run.targets[0]?.keptBytes, 588_895n);
  });

  it('a run retains only the requested amount of output, and reports the total', async () => {
    const { id } = await start({ argv: ['seq', '100000'], maxOutputBytes: 1000n });
    const { run, stdout } = await watched(id);
    assert.equal(stdout.length, 1000);
    assert.equal(run.targets[0]?.exited?.truncated, true);
    assert.equal(run.targets[0]?.exited?.stdoutBytes, 588_895n);
  });

  it('a cancelled run ends', async () => {
    const { id } = await start({ argv: ['sleep', '1000'] });
    const events = manager.watch(id, AbortSignal.timeout(10_000));
    for await (const { event } of events)
      if (event.case === 'run' && event.value.targets[0]?.state === RunState.RUNNING) await manager.cancel(id);
    assert.equal((await manager.get(id)).state, RunState.CANCELED);
  });

  it('a run that cannot start has a reason', async () => {
    const { run } = await watched((await start({ argv: ['no-such-program'] })).id);
    assert.equal(run.targets[0]?.errorReason, 'COMMAND_NOT_FOUND');
    const gone = await start({ argv: ['true'] }, '', [{ id: 'gone', name: 'gone' }]);
    assert.equal((await watched(gone.id)).run.targets[0]?.errorReason, 'VM_NOT_FOUND');
  });

  it('a repeated start does not start a run twice', async () => {
    await start({ argv: ['echo', 'once'] }, 'again');
    await watched('again');
    await start({ argv: ['echo', 'once'] }, 'again');
    assert.equal((await watched('again')).stdout, 'once\n');
  });

  it('a run continues across a restart of the daemon, without missing or repeated output', async () => {
    const { id } = await start({ argv: ['sh', '-c', 'seq 2000; sleep 1; seq 2000'] });
    for await (const { event } of manager.watch(id, AbortSignal.timeout(10_000))) if (event.case === 'output') break;
    await manager[Symbol.asyncDispose]();
    manager = await newManager();
    const { run, stdout } = await watched(id);
    assert.equal(run.state, RunState.SUCCEEDED, run.targets[0]?.errorMessage ?? '');
    const once = Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join('');
    assert.equal(stdout, once + once);
  });

  it('a run’s script is removed when the run is cancelled, and when it cannot start', async () => {
    const { id } = await start({ script: 'x', interpreter: '/usr/bin/hang' });
    for await (const { event } of manager.watch(id, AbortSignal.timeout(10_000)))
      if (event.case === 'run' && event.value.targets[0]?.state === RunState.RUNNING) await manager.cancel(id);
    assert.throws(() => guest.files.stat(scriptPath(id), false), { errno: 'ENOENT' });
    const { run } = await watched((await start({ script: 'x', interpreter: '/no/such' })).id);
    assert.equal(run.targets[0]?.errorReason, 'COMMAND_NOT_FOUND');
    assert.throws(() => guest.files.stat(scriptPath(run.id), false), { errno: 'ENOENT' });
  });

  it('a run’s script is removed after a restart of the daemon, which also continues a cancellation', async () => {
    const { id } = await start({ script: '1000', interpreter: '/usr/bin/wait-for-end' });
    for await (const { event } of manager.watch(id, AbortSignal.timeout(10_000))) if (event.case === 'output') break;
    assert.ok(guest.files.stat(scriptPath(id), false));
    await manager.cancel(id);
    await manager[Symbol.asyncDispose]();
    assert.ok(guest.files.stat(scriptPath(id), false));
    manager = await newManager();
    ending.resolve();
    const { run } = await watched(id);
    assert.equal(run.state, RunState.CANCELED, run.targets[0]?.errorMessage ?? '');
    assert.throws(() => guest.files.stat(scriptPath(id), false), { errno: 'ENOENT' });
  });

  it('a run that the guest does not know after a restart is lost, and not started again', async () => {
    const { runs } = api.node.context.store;
    const [vm] = vms;
    assert.ok(vm);
    await manager[Symbol.asyncDispose]();
    const row = {
      id: 'gone',
      user_name: 'me',
      title: 't',
      state: 'running',
      started_ms: 1,
      ended_ms: null,
      node_id: 'n',
    };
    const target = { run_id: 'gone', vm_id: vm.id, vm_name: 'one', state: 'running', exited: null, error: null };
    await runs.insert({ ...row, spec: '{"argv":["echo","again"]}' }, [
      { ...target, kept_bytes: 0, next_offset: 0, started_ms: Date.now(), ended_ms: null },
    ]);
    manager = await newManager();
    const { run, stdout } = await watched('gone');
    assert.deepEqual([run.state, run.targets[0]?.errorReason, stdout], [RunState.FAILED, 'RUN_LOST', '']);
  });

  it('a waiting run ends immediately when it is cancelled', async () => {
    const { runs } = api.node.context.store;
    // Agents that never answer use up all permits.
    const agent = (_: string, signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await using busy = new RunManager({ runs, agent, log: silentLog, nodeId: 'n' });
    const spec = create(RunSpecSchema, { argv: ['true'] });
    const many = Array.from({ length: 64 }, (_, index) => ({ id: `v${index}`, name: `v${index}` }));
    const { id: first } = await busy.run({ id: '', user: 'me', spec, vms: many });
    const { id: second } = await busy.run({ id: '', user: 'me', spec, vms: [{ id: 'w', name: 'w' }] });
    for (const id of [second, first]) {
      await busy.cancel(id);
      const states: RunState[] = [];
      for await (const { event } of busy.watch(id, AbortSignal.timeout(10_000)))
        if (event.case === 'run') states.push(event.value.state);
      assert.equal(states.at(-1), RunState.CANCELED);
    }
  });

  it('a run’s process is ended in the guest when its output cannot be stored', async () => {
    const { runs } = api.node.context.store;
    const node = createLocalNode(api.node);
    const full = new Proxy(runs, {
      get: (target, name) => {
        if (name === 'appendOutput') return async () => Promise.reject(new Error('the disk is full'));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const agent = (vmId: string, signal: AbortSignal) => node.vms.find(vmId).agent({ signal });
    await using broken = new RunManager({ runs: full, agent, log: silentLog, nodeId: 'n' });
    const spec = create(RunSpecSchema, { argv: ['yes'], maxOutputBytes: 1_000_000n });
    const { id } = await broken.run({ id: '', user: 'me', spec, vms });
    for await (const _ of broken.watch(id, AbortSignal.timeout(10_000)));
    const [target] = (await broken.get(id)).targets;
    assert.deepEqual([target?.state, target?.errorReason], [RunState.FAILED, 'INTERNAL']);
    const link = await agent(vms[0]?.id ?? '', AbortSignal.timeout(5000));
    let ended: unknown;
    for await (const { event } of link.attach(`run-${id}`, 0n).events)
      if (event.case === 'exited') ended = event.value.status;
    assert.deepEqual(ended, { case: 'signal', value: 9 });
  });

  it('a different run with an existing id is refused', async () => {
    await watched((await start({ argv: ['true'] }, 'taken')).id);
    await assert.rejects(start({ argv: ['false'] }, 'taken'), { reason: 'RUN_ID_TAKEN' });
    const other = manager.run({ id: 'taken', user: 'you', spec: create(RunSpecSchema, { argv: ['true'] }), vms });
    await assert.rejects(other, { reason: 'RUN_ID_TAKEN' });
  });

  it('runs are listed newest first, filtered by VM, user and words', async () => {
    await watched((await start({ argv: ['echo', 'needle_100%'] })).id);
    const titles = async (filter: object): Promise<string[]> =>
      (await manager.list({ limit: 50, ...filter })).runs.map(({ spec }) => spec?.title ?? '');
    assert.deepEqual(await titles({ text: 'NEEDLE_100%' }), ['echo needle_100%']);
    assert.deepEqual(await titles({ text: 'needleX100' }), []);
    assert.deepEqual(await titles({ user: 'somebody-else' }), []);
    assert.equal((await titles({ vmId: vms[0]?.id }))[0], 'echo needle_100%');
    assert.equal((await manager.list({ limit: 1 })).more, true);
  });

  it('a run with nothing to run, or too much, is refused', async () => {
    await assert.rejects(start({}), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(start({ argv: ['a'], script: 'b' }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(start({ script: 'x'.repeat(1024 * 1024 + 1) }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(start({ argv: ['true'] }, '', []), { reason: 'INVALID_ARGUMENT' });
    const many = Array.from({ length: 100 }, (_, index) => ({ id: `v${index}`, name: `v${index}` }));
    const large = start({ argv: ['true'], maxOutputBytes: 16n * 1024n * 1024n }, '', many);
    await assert.rejects(large, { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(start({ argv: ['true'] }, '../../etc'), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(manager.get('no-such-run'), { reason: 'RUN_NOT_FOUND' });
  });
});

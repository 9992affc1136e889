import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchFilesEvent } from '@innkeeper/contract/agent';
import {
  FileServiceLite,
  FilesystemServiceLite,
  LogServiceLite,
  LogSource,
  PowerServiceLite,
  ProcessServiceLite,
  UpdateServiceLite,
} from '@innkeeper/contract/agent-lite';
import { updateKeysPath } from '@innkeeper/contract/agent-update';
import { QgaPeer } from '../dialects/qga/fake/qga-peer.ts';
import { foldExec } from '../fake/exec-output.ts';
import { type FakeAgent, startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { fakeUpdateKeyLine, makeUpdatable, nextSha256, sendUpdate } from '../fake/fake-update.ts';
import { loadServices } from '../fake/load-services.ts';
import { type ManualClock, settle } from '../fake/manual-clock.ts';

const { exec } = ProcessServiceLite;
const { watch, write } = FileServiceLite;
const { read: readLog } = LogServiceLite;
const { confirm } = UpdateServiceLite;
/** IN_*, inotify(7). */
const [movedFrom, movedTo, created] = [0x40, 0x80, 0x100];
/** "number of the message, paths of the change". */
function changesIn(messages: readonly WatchFilesEvent[]): string[] {
  return messages.flatMap(({ event }) =>
    event.case === 'changes'
      ? event.value.changes.map(({ path, oldPath }) => `${event.value.number} ${oldPath && `${oldPath} `}${path}`)
      : [],
  );
}

async function startUpdatable(): Promise<FakeAgent<ManualClock>> {
  await loadServices();
  return await startFakeAgent(makeUpdatable(new FakeHost()));
}

describe('an update in the fake guest', () => {
  it('commands are handed over with their output, input and limits, and go on only when the new agent is confirmed', async () => {
    const first = await startUpdatable();
    const { host } = first;
    const start = { id: 'c', argv: ['cat'], stdin: true, timeoutMs: 60_000 };
    const command = await first.node.open(exec, { input: { case: 'start', value: start } }, { more: true });
    const text = (data: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(data);
    await command.send({ input: { case: 'stdin', value: { offset: 0n, data: text('one\n') } } });
    const call = await sendUpdate(first);
    assert.deepEqual(
      call.messages.map(({ event }) => event.case),
      ['accepted', 'switching'],
    );
    await host.clock.advance(200);
    assert.equal(host.program.trialSeconds, 60);
    assert.equal(host.files.text(host.program.path), 'the next agent');
    assert.equal(host.files.text(`${host.program.path}.previous`), 'this agent');

    const second = await startFakeAgent(host);
    const attached = await second.node.open(
      exec,
      { input: { case: 'attach', value: { id: 'c', fromOffset: 0n } } },
      { more: true },
    );
    assert.deepEqual([attached.messages, attached.reason, host.program.begun], [[], undefined, 0]);
    assert.equal((await second.node.open(confirm, { sha256: new Uint8Array(32) })).reason, 'UPDATE_ROLLED_BACK');
    assert.equal((await second.node.open(confirm, { sha256: nextSha256 })).reason, '');
    assert.equal(host.program.begun, 1);
    await host.clock.advance(0);
    await attached.send({ input: { case: 'stdin', value: { offset: 4n, data: text('two\n'), end: true } } });
    await host.clock.advance(0);
    const { stdout, exited } = foldExec(attached.messages);
    assert.equal(stdout, 'one\ntwo\n');
    assert.deepEqual(exited?.status, { case: 'exitCode', value: 0 });
  });

  it('the time of a command goes on over an update', async () => {
    const first = await startUpdatable();
    const { host } = first;
    const start = { id: 'c', argv: ['sleep', '1000'], timeoutMs: 60_000 };
    await first.node.open(exec, { input: { case: 'start', value: start } });
    await host.clock.advance(50_000);
    await sendUpdate(first);
    await host.clock.advance(200);
    const second = await startFakeAgent(host);
    await second.node.open(confirm, { sha256: nextSha256 });
    await host.clock.advance(9_000);
    const attached = await second.node.open(exec, { input: { case: 'attach', value: { id: 'c', fromOffset: 0n } } });
    assert.equal(foldExec(attached.messages).exited, undefined);
    await host.clock.advance(2_000);
    assert.deepEqual(foldExec(attached.messages).exited?.status, { case: 'signal', value: 15 });
  });

  it('a watch of files is handed over: every change is reported once, in order, whether its message arrived or not', async () => {
    const first = await startUpdatable();
    const { host } = first;
    host.files.putFolder('/d/sub');
    const request = { path: '/d', recursive: true, watchId: 'w' };
    const before = await first.node.open(watch, request);
    const [watcher] = host.files.watchers;
    assert.ok(watcher !== undefined);
    watcher.change('/d', created, 'one');
    await host.clock.advance(100);
    assert.deepEqual(changesIn(before.messages), ['1 /d/one']);
    watcher.change('/d/sub', created, 'two');
    // Half a rename, whose other half the next agent reads.
    watcher.change('/d', movedFrom, 'one', 7);
    await host.clock.advance(100);
    await sendUpdate(first);
    watcher.change('/d/sub', movedTo, 'three', 7);
    await host.clock.advance(200);
    assert.equal(host.program.trialSeconds, 60);
    watcher.change('/d', created, 'four');

    const second = await startFakeAgent(host);
    // The second message was sent, and is taken for lost.
    const after = await second.node.open(watch, { ...request, after: 1n });
    assert.deepEqual([after.messages, host.files.watchers.size], [[], 1]);
    await second.node.open(confirm, { sha256: nextSha256 });
    watcher.change('/d', created, 'five');
    for (let rounds = 0; rounds < 3; rounds++) await host.clock.advance(100);
    const [started] = after.messages;
    assert.deepEqual(started?.event.value, { ...started?.event.value, folders: 2, continued: true });
    assert.deepEqual(changesIn(after.messages), ['2 /d/sub/two', '3 /d/one /d/sub/three', '3 /d/four', '3 /d/five']);
    await after.cancel();
    assert.equal(host.files.watchers.size, 0);
  });

  it('a watch that nobody continues within a minute of the update is closed', async () => {
    const first = await startUpdatable();
    const { host } = first;
    host.files.putFolder('/d');
    await first.node.open(watch, { path: '/d', watchId: 'w' });
    await first.node.open(watch, { path: '/d' });
    await sendUpdate(first);
    await host.clock.advance(200);
    const second = await startFakeAgent(host);
    // The one without an id has ended with its session.
    assert.equal(host.files.watchers.size, 1);
    await second.node.open(confirm, { sha256: nextSha256 });
    await host.clock.advance(60_000);
    assert.equal(host.files.watchers.size, 0);
    const again = await second.node.open(watch, { path: '/d', watchId: 'w', after: 5n });
    assert.equal(again.messages[0]?.event.case === 'started' && again.messages[0].event.value.continued, false);
  });

  it('the lines of the agent’s own log and their places go on over an update', async () => {
    const first = await startUpdatable();
    for (const line of ['info one', 'warn two']) first.agentLog.add(line);
    const request = { source: LogSource.AGENT, follow: true };
    const before = await first.node.open(readLog, request);
    const [cursor] = before.messages.map((batch) => batch.cursor);
    assert.equal(cursor, '2');
    await sendUpdate(first);
    first.agentLog.add('info three');
    await first.host.clock.advance(200);
    const second = await startFakeAgent(first.host);
    await second.node.open(confirm, { sha256: nextSha256 });
    second.agentLog.add('info four');
    const after = await second.node.open(readLog, { ...request, cursor });
    assert.deepEqual(
      after.messages.flatMap(({ entries, lost }) => [...entries.map(({ message }) => message), lost]),
      ['info three', 'info four', 0n],
    );
  });

  it('an upload without an id has 10 s to end, and is in the way after that', async () => {
    const agent = await startUpdatable();
    const { host, node } = agent;
    host.files.putFolder('/srv');
    const open = { path: '/srv/f' };
    const upload = await node.open(write, { input: { case: 'open', value: open } }, { more: true });
    const refused = await sendUpdate(agent);
    assert.equal(refused.reason, undefined);
    await host.clock.advance(10_100);
    assert.equal(refused.reason, 'UPDATE_BUSY');
    assert.match(refused.answers.end?.message ?? '', /an upload of \/srv\/f without an id/);
    const waits = await sendUpdate(agent);
    await upload.send({ input: { case: 'chunk', value: { data: new Uint8Array([1]) } } });
    await upload.send({ input: { case: 'commit', value: {} } }, true);
    await host.clock.advance(100);
    assert.deepEqual([upload.reason, waits.reason], ['', '']);
    assert.equal(host.files.text('/srv/f'), '\u0001');
  });

  it('an upload with an id is not waited for', async () => {
    const agent = await startUpdatable();
    agent.host.files.putFolder('/srv');
    const open = { path: '/srv/f', uploadId: 'u' };
    await agent.node.open(write, { input: { case: 'open', value: open } }, { more: true });
    assert.equal((await sendUpdate(agent)).reason, '');
  });

  it('an update waits for the file handles and commands of clients of the QEMU guest agent’s protocol, and names them', async () => {
    const agent = await startUpdatable();
    const { host } = agent;
    host.files.put('/srv/f', 'x');
    // Its channel is the next program’s after the update, and never ends.
    const peer = new QgaPeer(agent.agent);
    const returned = (answer: string): unknown => (JSON.parse(answer) as { return: unknown }).return;
    const handle = returned(await peer.call('guest-file-open', { path: '/srv/f' }));
    const started = await peer.call('guest-exec', { path: 'sleep', arg: ['14'], 'capture-output': true });
    const { pid } = returned(started) as { pid: number };
    const refused = await sendUpdate(agent);
    await host.clock.advance(10_100);
    await settle();
    assert.equal(refused.reason, 'UPDATE_BUSY');
    assert.match(refused.answers.end?.message ?? '', /: 1 open file handle, 1 command of guest-exec\.$/);
    const waits = await sendUpdate(agent);
    assert.equal(await peer.call('guest-file-close', { handle }), '{"return": {}}');
    await host.clock.advance(5000);
    assert.equal(waits.reason, undefined);
    assert.match(await peer.call('guest-exec-status', { pid }), /"exited": true/);
    await host.clock.advance(100);
    await settle();
    assert.equal(waits.reason, '');
  });

  it('the result of a command of guest-exec that nobody fetches is in the way of an update for 30 s', async () => {
    const agent = await startUpdatable();
    const { host } = agent;
    // Its channel is the next program’s after the update, and never ends.
    const peer = new QgaPeer(agent.agent);
    await peer.call('guest-exec', { path: 'sleep', arg: ['1'] });
    await host.clock.advance(20_000);
    const waits = await sendUpdate(agent);
    await host.clock.advance(9000);
    assert.equal(waits.reason, undefined);
    await host.clock.advance(2500);
    await settle();
    assert.equal(waits.reason, 'UPDATE_BUSY');
    assert.equal((await sendUpdate(agent)).reason, '');
  });

  it('an update is refused while a shutdown is pending', async () => {
    const agent = await startUpdatable();
    const { host, node } = agent;
    await node.open(PowerServiceLite.shutdown, { mode: 1, delaySeconds: 60 });
    const call = await sendUpdate(agent);
    assert.equal(call.reason, 'UPDATE_BUSY');
    assert.match(call.answers.end?.message ?? '', /A shutdown is pending; call it off first/);
    assert.equal((await node.open(PowerServiceLite.cancelShutdown, {})).reason, '');
    assert.equal((await sendUpdate(agent)).reason, '');
    assert.equal(host.files.text(host.program.path), 'the next agent');
  });

  it('a new agent that does not fit on the disk is refused before it is written', async () => {
    const agent = await startUpdatable();
    agent.host.files.figures.set('/usr/local/bin', { totalBytes: 1000, freeBytes: 5 });
    const call = await sendUpdate(agent);
    assert.equal(call.reason, 'GUEST_DISK_FULL');
    assert.throws(() => agent.host.files.text(`${agent.host.program.path}.new`));
    assert.equal(agent.host.program.trialSeconds, undefined);
  });

  it('an update is refused while the hooks after a thaw run, which the new agent would not run', async () => {
    const agent = await startUpdatable();
    const { host } = agent;
    host.files.putFolder('/run');
    host.files.put('/proc/self/mountinfo', '22 1 254:0 / / rw - ext4 /dev/vda rw\n');
    host.files.put('/etc/innkeeper/post-thaw.d/a', '', { mode: 0o755 });
    const hook = Promise.withResolvers<void>();
    const { jobs } = host;
    const run = jobs.run.bind(jobs);
    jobs.run = async (argv, options) => {
      if (argv[1] !== 'thaw') return await run(argv, options);
      await hook.promise;
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    await agent.node.open(FilesystemServiceLite.freeze, { id: 'one', leaseMs: 1000 });
    await host.clock.advance(1000);
    await settle();
    const call = await sendUpdate(agent);
    assert.equal(call.reason, 'UPDATE_BUSY');
    assert.match(call.answers.end?.message ?? '', /freeze or thaw is in progress/);
    hook.resolve();
    await settle();
    assert.equal((await sendUpdate(agent)).reason, '');
  });

  it('keys in a file of another user than root and the agent’s are not trusted, whatever its mode', async () => {
    const agent = await startUpdatable();
    agent.host.files.put(updateKeysPath, fakeUpdateKeyLine, { mode: 0o644, uid: 1000 });
    const call = await sendUpdate(agent);
    assert.equal(call.reason, 'UPDATE_UNTRUSTED');
    assert.match(call.answers.end?.message ?? '', /can be written by others than root: chown root/);
  });

  for (const [call, links] of [
    ['rename', true],
    ['rename', false],
    ['fsync', true],
  ] as const)
    it(`the program stays in its place, and nothing beside it, if its ${call} fails ${links ? 'with' : 'without'} hard links`, async () => {
      const agent = await startUpdatable();
      const { files, program: own } = agent.host;
      let begun = false;
      let failures = 0;
      files.fail = (name, path) => {
        if (name === 'link') {
          begun = true;
          return links ? undefined : 'EPERM';
        }
        const isMeant = name === call && (call === 'fsync' || path.endsWith('.new'));
        return begun && isMeant && failures++ === 0 ? 'EIO' : undefined;
      };
      const update = await sendUpdate(agent);
      assert.deepEqual([update.reason !== '', failures], [true, 1]);
      assert.equal(files.text(own.path), 'this agent');
      assert.deepEqual(
        files.names('/usr/local/bin').filter((name) => name.startsWith('innkeeper-agent')),
        ['innkeeper-agent'],
      );
      files.fail = undefined;
      assert.equal((await sendUpdate(agent)).reason, '');
    });

  it('an agent that cannot hand over ends, even if its program cannot be put back', async () => {
    const agent = await startUpdatable();
    const { files, program: own } = agent.host;
    own.handOver = async () => {
      throw new Error('no memory');
    };
    await sendUpdate(agent);
    files.fail = (name) => (name === 'rename' ? 'EIO' : undefined);
    await agent.host.clock.advance(200);
    assert.equal(own.gaveUp, 1);
  });
});

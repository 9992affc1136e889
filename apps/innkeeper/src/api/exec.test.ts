import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, type Program, realClock } from '@innkeeper/agent-core/fake';
import { createClient } from '@innkeeper/client';
import { type ExecEvent, ExecEventSchema, ExecRequestSchema } from '@innkeeper/contract/agent';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { execWindowBytes } from './exec-window.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

type Request = NonNullable<Extract<MessageInitShape<typeof ExecRequestSchema>, { $typeName?: never }>['input']>;

/** The guest's remaining timers do not keep the test process running. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** Leaves a child that keeps its output open for an hour. */
const daemonize: Program = async ({ fork, write }) => {
  fork(({ sleep }) => sleep(3_600_000).then(() => 0));
  await write('started');
  return 0;
};

/** Invalid UTF-8: bytes that cannot begin a character, an overlong NUL, a truncated sequence. */
const notUtf8 = [0xff, 0xfe, 0xc0, 0x80, 0x41, 0xe2, 0x82];
const bytes: Program = async ({ write }) => {
  await write(Uint8Array.from(notUtf8));
  return 0;
};

class Follower {
  readonly socket: WebSocket;
  readonly events: ExecEvent['event'][] = [];
  readonly texts: Record<string, string>[] = [];
  output = '';
  readonly closed: Promise<number>;

  constructor(api: ServedApi, first: Request) {
    this.socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/exec`);
    this.socket.on('open', () => this.send(first));
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#take(fromBinary(ExecEventSchema, data).event);
      else this.texts.push(JSON.parse(data.toString()));
    });
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
  }

  send(input: Request): void {
    this.socket.send(toBinary(ExecRequestSchema, create(ExecRequestSchema, { input })));
  }

  acknowledge(offset = this.output.length): void {
    this.socket.send(JSON.stringify({ type: 'ack', offset: String(offset) }));
  }

  async until(condition: () => boolean): Promise<void> {
    await until(condition);
  }

  /** Waits for this many round trips to the server. */
  async roundTrips(count: number): Promise<void> {
    for (let trip = 0; trip < count; trip++) {
      this.socket.ping();
      await once(this.socket, 'pong');
    }
  }

  #take(event: ExecEvent['event']): void {
    this.events.push(event);
    if (event.case === 'output') this.output += Buffer.from(event.value.data).toString('latin1');
  }
}

describe('/v1/vms/{vm}/exec', () => {
  let api: ServedApi;
  const start = (id: string, ...argv: string[]): Request => ({ case: 'start', value: { id, argv } });

  before(async () => {
    const guest = new FakeHost({
      clock: unrefClock,
      programs: { '/usr/bin/daemonize': daemonize, '/usr/bin/bytes': bytes },
    });
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
  });
  after(() => api[Symbol.asyncDispose]());

  it('an exec socket sends a command’s output and exit code, and closes', async () => {
    const follower = new Follower(api, start('a', 'sh', '-c', 'echo hi; exit 3'));
    assert.equal(await follower.closed, 1000);
    assert.equal(follower.output, 'hi\n');
    const last = follower.events.at(-1);
    assert.deepEqual(last?.case === 'exited' && last.value.status, { case: 'exitCode', value: 3 });
  });

  it('an exec socket reports a nonexistent command as an error', async () => {
    const follower = new Follower(api, start('b', 'nonesuch'));
    assert.equal(await follower.closed, 1011);
    assert.equal(follower.texts[0]?.['reason'], 'COMMAND_NOT_FOUND');
    assert.equal(follower.texts[0]?.['type'], 'error');
  });

  it('an exec socket does not wait for a child that a command left behind', async () => {
    const follower = new Follower(api, start('left', 'daemonize'));
    assert.equal(await follower.closed, 1000);
    assert.equal(follower.output, 'started');
    const last = follower.events.at(-1);
    assert.ok(last?.case === 'exited');
    assert.deepEqual(last.value.status, { case: 'exitCode', value: 0 });
    assert.equal(last.value.orphansLeft, 1);
  });

  it('an exec socket passes on bytes that are not UTF-8', async () => {
    const follower = new Follower(api, start('bytes', 'bytes'));
    assert.equal(await follower.closed, 1000);
    assert.deepEqual([...Buffer.from(follower.output, 'latin1')], notUtf8);
  });

  it('an exec socket sends only the window to a client that does not acknowledge, and the rest when it does', async () => {
    const follower = new Follower(api, start('c', 'yes'));
    await follower.until(() => follower.output.length > execWindowBytes);
    const before = follower.output.length;
    await follower.roundTrips(50);
    assert.equal(follower.output.length, before);
    assert.ok(before < execWindowBytes + 128 * 1024, `${before} bytes`);
    follower.acknowledge();
    await follower.until(() => follower.output.length > before);
    follower.send({ case: 'signal', value: 9 });
    await follower.until(() => {
      follower.acknowledge();
      return follower.events.at(-1)?.case === 'exited';
    });
    assert.equal(await follower.closed, 1000);
  });

  it('a command keeps running when its client disconnects, and the next client gets the remaining output', async () => {
    const first = new Follower(api, { case: 'start', value: { id: 'd', argv: ['cat'], stdin: true } });
    await first.until(() => first.events[0]?.case === 'started');
    first.send({ case: 'stdin', value: { offset: 0n, data: Buffer.from('one '), end: false } });
    await first.until(() => first.output === 'one ');
    first.socket.terminate();
    await first.closed;
    const second = new Follower(api, { case: 'attach', value: { id: 'd', fromOffset: 2n } });
    await second.until(() => second.output === 'e ');
    const [started] = second.events;
    assert.equal(started?.case === 'started' && started.value.stdinOffset, 4n);
    // Input that the process already has is skipped.
    second.send({ case: 'stdin', value: { offset: 0n, data: Buffer.from('one two'), end: true } });
    assert.equal(await second.closed, 1000);
    assert.equal(second.output, 'e two');
  });

  it('the SDK pipes a mebibyte through a command', async () => {
    const exec = createClient({ socketPath: api.socketPath }).exec('one', { start: { argv: ['cat'], stdin: true } });
    const piece = Buffer.alloc(64 * 1024, 'abc');
    const feed = async (): Promise<void> => {
      for (let index = 0; index < 16; index++) await exec.writeStdin(piece);
      exec.endStdin();
    };
    const fed = feed();
    let bytes = 0;
    for await (const { event } of exec) if (event.case === 'output') bytes += event.value.data.length;
    await fed;
    assert.equal(bytes, 16 * piece.length);
  });

  it('the SDK keeps following a command across a restart of the server', { timeout: 15_000 }, async () => {
    const client = createClient({ socketPath: api.socketPath });
    const interruptions: string[] = [];
    const exec = client.exec('one', {
      start: { argv: ['seq', '200000'] },
      onInterruption: (what) => interruptions.push(what),
    });
    let text = '';
    for await (const { event } of exec) {
      if (event.case !== 'output') continue;
      if (text === '') await api.restartServer();
      text += Buffer.from(event.value.data).toString();
    }
    assert.equal(text, Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join(''));
    assert.deepEqual(interruptions, ['daemon lost', 'daemon back']);
  });

  it('an exec socket refuses a first message that is not start or attach, and malformed messages', async () => {
    const wrong = new Follower(api, { case: 'resize', value: { columns: 80, rows: 24 } });
    assert.equal(await wrong.closed, 1011);
    assert.equal(wrong.texts[0]?.['reason'], 'INVALID_ARGUMENT');
    const garbage = new Follower(api, { case: 'start', value: { id: 'e', argv: ['cat'], stdin: true } });
    await garbage.until(() => garbage.events.length === 1);
    garbage.socket.send(Buffer.from([0xff, 0xff, 0xff]));
    assert.equal(await garbage.closed, 1011);
    assert.equal(garbage.texts.at(-1)?.['reason'], 'INVALID_ARGUMENT');
  });

  it('an exec socket closes at once after an error, also when more has arrived than it reads', async () => {
    const wrong = new Follower(api, { case: 'resize', value: { columns: 1, rows: 1 } });
    wrong.socket.once('open', () => {
      for (let count = 0; count < 3; count++) wrong.send(start('late', 'true'));
    });
    const left = Promise.withResolvers<'still open'>();
    const timer = setTimeout(() => left.resolve('still open'), 5_000);
    assert.equal(await Promise.race([wrong.closed, left.promise]), 1011);
    clearTimeout(timer);
  });

  it('an exec socket refuses input that leaves a gap', async () => {
    const follower = new Follower(api, { case: 'start', value: { id: 'f', argv: ['cat'], stdin: true } });
    await follower.until(() => follower.events.length === 1);
    follower.send({ case: 'stdin', value: { offset: 5n, data: Buffer.from('x'), end: false } });
    assert.equal(await follower.closed, 1011);
    assert.equal(follower.texts.at(-1)?.['reason'], 'STDIN_GAP');
  });

  it('the upgrade to an exec socket of an unknown VM fails with an error', async () => {
    const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/two/exec`);
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 404);
    socket.on('error', () => undefined);
    socket.terminate();
  });
});

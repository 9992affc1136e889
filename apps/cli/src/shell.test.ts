import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ExecEventSchema } from '@innkeeper/contract/agent';
import { type Event, EventSchema, LiveEventSchema, TerminalState } from '@innkeeper/contract/control';
import type { WebSocket } from 'ws';
import { callError, type FakeHandlers, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { parseKey, parseSince } from './parse-values.ts';
import { resultOf, runInn, spawnInn } from './testing/run-inn.ts';

const evil = 'evil\u001b[2Jtitle';
const size = { columns: 80, rows: 24 };

function send(socket: WebSocket, ...messages: (object | string)[]): void {
  for (const message of messages)
    socket.send(typeof message === 'string' ? Buffer.from(message) : JSON.stringify(message));
}

/** Echoes what is typed, and ends after "exit". */
function echo(socket: WebSocket): void {
  send(socket, { type: 'screen', ...size }, '$ ');
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return;
    send(socket, `[${data.toString()}]`);
    if (data.toString().startsWith('exit')) send(socket, { type: 'exited', code: 5 });
  });
}

describe('inn shell', () => {
  it('inn shell creates a terminal, types its standard input, and exits with the exit code of the terminal', async () => {
    const asked: unknown[] = [];
    const terminals: FakeHandlers['terminals'] = {
      createTerminal: ({ vm, user, argv, columns, rows }) => {
        asked.push({ vm, user, argv, columns, rows });
        return { id: 'abc', vmId: vm };
      },
    };
    const socket: FakeHandlers['socket'] = (opened, path) => {
      asked.push(path);
      echo(opened);
    };
    await using daemon = await startFakeDaemon({ terminals, socket });
    const words = ['shell', 'hello', '-u', 'bob', '--', 'sh', '-l'];
    const { exitCode, stdout } = await runInn(daemon.socketPath, words, { input: 'exit\n' });
    assert.equal(exitCode, 5);
    assert.match(stdout, /^\$ \[exit\n\]/);
    const made = { vm: 'hello', user: 'bob', argv: ['sh', '-l'], ...size };
    assert.deepEqual(asked, [made, '/v1/vms/hello/terminals/abc?columns=80&rows=24']);
  });

  it('inn shell detaches on SIGHUP and prints how to attach again', async () => {
    await using daemon = await startFakeDaemon({ socket: echo });
    const child = spawnInn(daemon.socketPath, ['shell', 'hello', '--attach', 'abc']);
    await once(child.stdout, 'data');
    child.kill('SIGHUP');
    const { stderr } = await resultOf(child);
    assert.equal(child.signalCode, 'SIGHUP');
    assert.match(stderr, /detached; the terminal keeps running. Attach again: inn shell hello --attach abc/);
  });

  it('inn shell --ls prints titles without control characters', async () => {
    const terminal = { id: 'abc', title: evil, user: 'bob', ...size, state: TerminalState.RUNNING, createdBy: 'eve' };
    await using daemon = await startFakeDaemon({ terminals: { listTerminals: () => ({ terminals: [terminal] }) } });
    const { stdout } = await runInn(daemon.socketPath, ['shell', 'hello', '--ls']);
    assert.match(stdout, /^abc +evil·\[2Jtitle +bob +80×24 +running +0 +eve/m);
  });

  it('inn shell reports why no terminal was created', async () => {
    const createTerminal = (): never => {
      throw callError('TOO_MANY_TERMINALS', '16 run.');
    };
    await using daemon = await startFakeDaemon({ terminals: { createTerminal } });
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['shell', 'hello']);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /16 run\. \(TOO_MANY_TERMINALS\)/);
  });
});

describe('a line that the kernel of a guest cuts at 4,095 bytes', () => {
  const warning = /inn: a line of more than 4,095 bytes was typed or pasted.*inn cp/;
  const long = 'x'.repeat(5000);

  it('inn shell warns of it on standard error when it ends, and shows nothing else on the screen', async () => {
    await using daemon = await startFakeDaemon({ socket: echo });
    const words = ['shell', 'hello', '--attach', 'abc'];
    const child = spawnInn(daemon.socketPath, words);
    child.stdin.write(`${long}\n`);
    await once(child.stdout, 'data');
    child.stdin.write('exit\n');
    const { exitCode, stdout, stderr } = await resultOf(child);
    assert.equal(exitCode, 5);
    assert.match(stderr, warning);
    assert.doesNotMatch(stdout, /4,095/);
    assert.equal((await runInn(daemon.socketPath, words, { input: 'exit\n' })).stderr, '');
  });

  it('inn exec -t warns of it when it ends, and inn exec without a terminal does not', async () => {
    const socket: FakeHandlers['socket'] = (opened) => {
      const sendEvent = (event: NonNullable<MessageInitShape<typeof ExecEventSchema>['event']>): void =>
        opened.send(toBinary(ExecEventSchema, create(ExecEventSchema, { event })));
      sendEvent({ case: 'started', value: { id: 'x' } });
      opened.on('message', (data: Buffer, isBinary) => {
        if (isBinary && data.includes('exit'))
          sendEvent({ case: 'exited', value: { status: { case: 'exitCode', value: 3 } } });
      });
    };
    await using daemon = await startFakeDaemon({ socket });
    const run = (option: string) =>
      runInn(daemon.socketPath, ['exec', option, 'hello', '--', 'cat'], { input: `${long}\nexit\n` });
    const withTerminal = await run('-t');
    assert.equal(withTerminal.exitCode, 3);
    assert.match(withTerminal.stderr, warning);
    const { exitCode, stderr } = await run('-T');
    assert.deepEqual([exitCode, stderr], [3, '']);
  });

  it('inn console warns of it when it ends', async () => {
    const socket: FakeHandlers['socket'] = (opened) => {
      send(opened, { type: 'writer', name: null, you: false }, 'login: ');
      opened.on('message', () => opened.close(1000));
    };
    await using daemon = await startFakeDaemon({ socket });
    const { stderr } = await runInn(daemon.socketPath, ['console', 'hello'], { input: `${long}\n` });
    assert.match(stderr, warning);
  });
});

describe('inn console', () => {
  it('inn console prints stored and new output, types, and ends when the VM ends', async () => {
    const seen: string[] = [];
    await using daemon = await startFakeDaemon({
      socket: (socket, path) => {
        seen.push(path);
        send(socket, { type: 'writer', name: null, you: false }, 'boot\r\nlogin: ');
        socket.on('message', (data: Buffer) => {
          seen.push(data.toString());
          socket.close(1000);
        });
      },
    });
    const { exitCode, stdout } = await runInn(daemon.socketPath, ['console', 'hello'], { input: 'root\n' });
    assert.deepEqual([exitCode, stdout], [0, 'boot\r\nlogin: ']);
    assert.deepEqual(seen, ['/v1/vms/hello/console?writer=1', 'root\n']);
  });

  it('inn console does not type with --read-only, and takes over with --take', async () => {
    const seen: string[] = [];
    const socket: FakeHandlers['socket'] = (opened, path) => {
      seen.push(path);
      send(opened, { type: 'writer', name: evil, you: false });
      opened.on('message', (data: Buffer) => seen.push(data.toString()));
      setTimeout(() => opened.close(1000), 300);
    };
    await using daemon = await startFakeDaemon({ socket });
    const { stderr } = await runInn(daemon.socketPath, ['console', 'hello', '--read-only'], { input: 'root\n' });
    assert.match(stderr, /evil·\[2Jtitle is typing here now/);
    await runInn(daemon.socketPath, ['console', 'hello', '--take']);
    assert.deepEqual(seen, ['/v1/vms/hello/console', '/v1/vms/hello/console?writer=1', '{"type":"take"}']);
  });
});

describe('inn events', () => {
  it('inn events -f -o json prints past and new events, one line of JSON each', async () => {
    const event = (id: bigint, kind: string): Event =>
      create(EventSchema, { id, kind, vmName: 'hello', timeUnixNs: 1n });
    const past = [event(2n, 'vm.running'), event(1n, 'agent.connected')];
    await using daemon = await startFakeDaemon({
      vms: { listEvents: () => ({ events: past }) },
      socket: (socket) =>
        socket.once('message', () => {
          const events = [event(4n, 'vm.stopped'), event(3n, 'agent.lost'), ...past];
          socket.send(
            toBinary(LiveEventSchema, create(LiveEventSchema, { id: 1, event: { case: 'events', value: { events } } })),
          );
        }),
    });
    const child = spawnInn(daemon.socketPath, ['events', '-f', '--type', 'vm', '-o', 'json']);
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes('vm.stopped')) child.kill();
    }
    const kinds = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    assert.deepEqual(kinds, ['vm.running', 'vm.stopped']);
  });
});

describe('inn audit', () => {
  it('inn audit requests the entries that match its options, and prints them newest last', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      audit: {
        listAudit: ({ user, vm, action, result, limit }) => {
          asked.push({ user, vm, action, result, limit });
          const entry = { user: 'eve', via: 'socket', action: 'guest.exec', vmName: 'hello', parameters: evil };
          return {
            entries: [
              { ...entry, result: 'ok' },
              { ...entry, result: 'VM_NOT_RUNNING' },
            ],
            more: true,
          };
        },
      },
    });
    const words = ['audit', '--user', 'eve', '--vm', 'hello', '--action', 'guest', '--result', 'failed', '-n', '2'];
    const { stdout, stderr } = await runInn(daemon.socketPath, words);
    assert.deepEqual(asked, [{ user: 'eve', vm: 'hello', action: 'guest', result: 'failed', limit: 2 }]);
    assert.match(stdout, /VM_NOT_RUNNING.*\n.* ok +evil·\[2J/);
    assert.match(stderr, /older entries/);
  });

  it('inn audit prints how many calls an entry stands for', async () => {
    const entry = { user: 'eve', via: 'socket', vmName: 'hello', parameters: '{}', result: 'ok' };
    await using daemon = await startFakeDaemon({
      audit: {
        listAudit: () => ({
          entries: [
            { ...entry, action: 'GuestProcessService/List', count: 37 },
            { ...entry, action: 'VmService/StopVm', count: 1 },
          ],
        }),
      },
    });
    const { stdout } = await runInn(daemon.socketPath, ['audit']);
    assert.match(stdout, /VmService\/StopVm +hello.*\n.*GuestProcessService\/List ×37 +hello/);
  });

  it('inn audit --verify exits with 1 if the chain of hashes is broken', async () => {
    await using daemon = await startFakeDaemon({ audit: { verifyAudit: () => ({ entries: 9n, brokenAtId: 4n }) } });
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['audit', '--verify']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /9 entries is broken at 4/);
  });
});

describe('parse-values', () => {
  it('parses detach keys and times, and rejects others', () => {
    assert.deepEqual(
      ['ctrl-]', 'ctrl-a', '^B', 'none'].map((key) => parseKey(key, 'key')),
      [29, 1, 2, undefined],
    );
    assert.throws(() => parseKey('f1', 'key'), /not a key/);
    const nowMs = Date.parse('2026-11-21T08:00:00Z');
    assert.equal(parseSince('10m', 'since', nowMs), BigInt(nowMs - 600_000) * 1_000_000n);
    assert.equal(parseSince('2026-11-21T07:00:00Z', 'since', nowMs), BigInt(nowMs - 3_600_000) * 1_000_000n);
    for (const wrong of ['', 'yesterday', '10', '10x'])
      assert.throws(() => parseSince(wrong, 'since', nowMs), /not a time/);
  });
});

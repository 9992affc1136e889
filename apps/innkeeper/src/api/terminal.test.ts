import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, type Program, realClock } from '@innkeeper/agent-core/fake';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { CreateTerminalRequestSchema, TerminalState } from '@innkeeper/contract/control';
import { kib, mib, silentLog } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { createLocalNode } from '../node/local-node.ts';
import { TerminalManager } from '../node/terminals/terminal-manager.ts';
import { viewerWindowBytes } from '../node/terminals/viewer.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';
import { TestViewer } from './testing/terminal-viewer.ts';

/** The guest's remaining timers do not keep the test process running. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** Echoes each line; "flood" writes until ^C, "exit" ends it. */
const shell: Program = async (context) => {
  const { read, write } = context;
  await write('$ ');
  for (let bytes = await read(); bytes !== undefined; bytes = await read()) {
    const line = Buffer.from(bytes).toString();
    if (line.startsWith('exit')) return 7;
    if (line.startsWith('size')) await write(`${context.terminal?.columns}x${context.terminal?.rows}\r\n$ `);
    else if (!line.startsWith('flood')) await write(`[${line.replaceAll('\x1b', 'ESC')}]\r\n$ `);
    else {
      let stopped = false;
      const stop = read().then(() => {
        stopped = true;
      });
      while (!stopped) await write('flood\r\n'.repeat(1000));
      await stop;
      await write('stopped\r\n$ ');
    }
  }
  return 0;
};

const stubborn: Program = async ({ onSignal, read, write }) => {
  onSignal(1, () => undefined);
  await write('no hangup');
  await read();
  return 0;
};

describe('terminals', () => {
  let api: ServedApi;
  let client: InnkeeperClient;
  before(async () => {
    const guest = new FakeHost({
      clock: unrefClock,
      programs: { '/usr/bin/shell': shell, '/usr/bin/stubborn': stubborn },
    });
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
    client = createClient({ socketPath: api.socketPath });
  });
  after(() => api[Symbol.asyncDispose]());

  const look = (id: string, options?: { acknowledges?: boolean }): TestViewer =>
    new TestViewer(`ws+unix:${api.socketPath}:/v1/vms/one/terminals/${id}`, options);
  const open = async (argv = ['shell']): Promise<string> =>
    (await client.terminals.create('one', { argv, columns: 40, rows: 10 })).id;
  const close = async (...ids: string[]): Promise<void> => {
    for (const id of ids) await client.terminals.close('one', id);
  };

  it('a terminal shows one screen to several viewers, who can all type, and redraws it for later viewers', async () => {
    const id = await open();
    const [one, two] = [look(id), look(id)];
    await Promise.all([one, two].map((viewer) => viewer.until(() => viewer.shown.includes('$ '))));
    assert.deepEqual(one.texts, [{ type: 'screen', columns: 40, rows: 10 }]);
    one.type('ls');
    await two.until(() => two.shown.includes('[ls]'));
    two.type('pwd');
    await one.until(() => one.shown.includes('[pwd]'));
    one.socket.terminate();
    const three = look(id);
    await three.until(() => three.shown.endsWith('$ '));
    assert.equal(three.shown.replaceAll('\r', ''), '$ [ls]\n$ [pwd]\n$ ');
    await close(id);
  });

  it('a terminal has the size of the last resize, and notifies the other viewers', async () => {
    const id = await open();
    const [one, two] = [look(id), look(id)];
    await Promise.all([one, two].map((viewer) => viewer.until(() => viewer.shown.includes('$ '))));
    two.tell({ type: 'resize', columns: 120, rows: 50 });
    await one.until(() => one.of('size').length === 1);
    assert.deepEqual(one.of('size'), [{ type: 'size', columns: 120, rows: 50 }]);
    two.type('size');
    await two.until(() => two.shown.includes('120x50'));
    assert.deepEqual(two.of('size'), []);
    const three = new TestViewer(`ws+unix:${api.socketPath}:/v1/vms/one/terminals/${id}?columns=30&rows=9`);
    await three.until(() => three.shown !== '');
    assert.deepEqual(three.texts, [{ type: 'screen', columns: 30, rows: 9 }]);
    await close(id);
  });

  it('a terminal ignores an invalid size of a viewer, and uses the nearest supported one', async () => {
    const id = await open();
    const viewer = new TestViewer(`ws+unix:${api.socketPath}:/v1/vms/one/terminals/${id}?columns=0&rows=0`);
    await viewer.until(() => viewer.shown.includes('$ '));
    for (const size of [{ columns: 0, rows: 0 }, { columns: 90, rows: 0 }, { columns: 'x', rows: -1 }, {}])
      viewer.tell({ type: 'resize', ...size });
    viewer.type('size');
    await viewer.until(() => viewer.shown.includes('40x10'));
    viewer.tell({ type: 'resize', columns: 1, rows: 5000 });
    viewer.type('size');
    await viewer.until(() => viewer.shown.includes('2x200'));
    await close(id);
    const created = await client.terminals.create('one', { argv: ['shell'], columns: 0, rows: 0 });
    assert.deepEqual([created.columns, created.rows], [80, 24]);
    await close(created.id);
  });

  it('a terminal accepts replies to a program’s queries from one viewer', async () => {
    const id = await open();
    const [one, two] = [look(id), look(id)];
    await Promise.all([one, two].map((viewer) => viewer.until(() => viewer.shown.includes('$ '))));
    one.type('typed');
    await two.until(() => two.shown.includes('[typed]'));
    two.type('\x1b[5;6R');
    two.socket.ping();
    await once(two.socket, 'pong');
    one.type('\x1b[1;2R');
    await one.until(() => one.shown.includes('R]'));
    assert.match(one.shown, /\[ESC\[1;2R\]/);
    assert.doesNotMatch(one.shown, /5;6R/);
    await close(id);
  });

  it('a slow viewer of a terminal neither blocks the others nor uses memory, and ^C works meanwhile', async () => {
    const id = await open();
    const quick = look(id);
    const slow = look(id, { acknowledges: false });
    await Promise.all([quick, slow].map((viewer) => viewer.until(() => viewer.shown.includes('$ '))));
    quick.type('flood');
    await quick.until(() => quick.bytes > mib);
    assert.ok(slow.bytes < viewerWindowBytes + 200 * kib, `${slow.bytes} bytes`);
    const stoppedMs = performance.now();
    slow.type('\x03');
    await quick.until(() => quick.shown.includes('stopped'));
    assert.ok(performance.now() - stoppedMs < 3000);
    assert.equal(slow.of('screen').length, 1);
    slow.acknowledge(slow.bytes);
    await slow.until(() => slow.shown.includes('stopped'));
    assert.equal(slow.of('screen').length, 2);
    await close(id);
  });

  it('a terminal reports how its program ended, and shows its last screen afterwards', async () => {
    const id = await open();
    const viewer = look(id);
    await viewer.until(() => viewer.shown.includes('$ '));
    viewer.type('exit');
    assert.equal(await viewer.closed, 1000);
    assert.deepEqual(viewer.texts.at(-1), { type: 'exited', code: 7 });
    const late = look(id);
    assert.equal(await late.closed, 1000);
    assert.equal(late.shown, '$ ');
    assert.deepEqual(late.texts.at(-1), { type: 'exited', code: 7 });
    const find = async () => (await client.terminals.list('one')).find((terminal) => terminal.id === id);
    assert.equal((await find())?.state, TerminalState.ENDED);
    await close(id);
    assert.equal(await find(), undefined);
    assert.equal(await look(id).closed, 1011);
  });

  it('closing a terminal kills a program that ignores the hangup', async () => {
    const id = await open(['stubborn']);
    const viewer = look(id);
    await viewer.until(() => viewer.shown.includes('no hangup'));
    const { exited } = await client.terminals.close('one', id);
    assert.deepEqual(exited?.status, { case: 'signal', value: 9 });
    await close(id);
  });

  it('a VM has at most 16 terminals, and another one is refused with a reason', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 16; count++) ids.push(await open());
    await assert.rejects(open(), { reason: 'TOO_MANY_TERMINALS' });
    await close(...ids);
    await assert.rejects(open(['nonesuch']), { reason: 'COMMAND_NOT_FOUND' });
    const title = 'x'.repeat(101);
    await assert.rejects(client.terminals.create('one', { title }), { reason: 'INVALID_ARGUMENT' });
  });

  it('a terminal is only visible to its creator and administrators', async () => {
    const base = await api.listenTcp();
    const url = (id: string): string => `${base.replace('http', 'ws')}/v1/vms/one/terminals/${id}`;
    await makeUser(api.access, 'eve', ['guest.exec']);
    await makeUser(api.access, 'root', ['guest.exec', 'user.manage']);
    const headersOf = async (user: string) => ({ cookie: (await sessionOf(api.access, user)).cookie, origin: base });
    const id = await open();
    const eve = new TestViewer(url(id), { headers: await headersOf('eve') });
    assert.equal(await eve.closed, 1011);
    assert.equal(eve.of('error')[0]?.['reason'], 'TERMINAL_NOT_FOUND');
    const root = new TestViewer(url(id), { headers: await headersOf('root') });
    await root.until(() => root.shown.includes('$ '));
    await close(id, id);
  });

  it('the audit records opening and closing of a terminal, and input only by its length', async () => {
    const id = await open();
    const viewer = look(id);
    await viewer.until(() => viewer.shown.includes('$ '));
    viewer.type('secret');
    await viewer.until(() => viewer.shown.includes('[secret]'));
    viewer.socket.close();
    await viewer.closed;
    await close(id, id);
    const { entries } = await client.audit.listAudit({ text: id });
    const audited = entries.map(({ action, parameters, result }) => [action, parameters, result]).reverse();
    const vm = 'one';
    assert.deepEqual(audited, [
      ['TerminalService/CreateTerminal', JSON.stringify({ vm, argv: ['shell'], columns: 40, rows: 10, id }), 'ok'],
      ['guest.terminal.begin', JSON.stringify({ terminal: id }), 'ok'],
      ['guest.terminal', JSON.stringify({ terminal: id, typed_bytes: 6 }), 'ok'],
      ['TerminalService/CloseTerminal', JSON.stringify({ vm, id }), 'ok'],
      ['TerminalService/CloseTerminal', JSON.stringify({ vm, id }), 'ok'],
    ]);
  });

  it('a terminal continues after a restart of the daemon, from the database', async () => {
    const { vms } = createLocalNode(api.node);
    const place = { terminals: api.store.terminals, nodeId: 'n' };
    const vm = vms.find('one');
    const request = create(CreateTerminalRequestSchema, { argv: ['shell'], columns: 50, rows: 12 });
    const first = new TerminalManager({ vms, log: silentLog, place });
    const { id } = (await first.create(vm, request, 'alice', AbortSignal.timeout(5000))).record;
    await first[Symbol.asyncDispose]();
    await using second = new TerminalManager({ vms, log: silentLog, place });
    await second.start();
    const terminal = (await second.find(vm.id, id)) ?? assert.fail('the terminal is missing');
    assert.deepEqual([terminal.columns, terminal.rows, terminal.record.createdBy], [50, 12, 'alice']);
    await second.close(terminal, AbortSignal.timeout(5000));
    assert.ok(terminal.isEnded);
  });

  it('a terminal is not lost when the daemon is stopped before the agent has answered', async () => {
    const { vms } = createLocalNode(api.node);
    const place = { terminals: api.store.terminals, nodeId: 'hurried' };
    const vm = vms.find('one');
    const first = new TerminalManager({ vms, log: silentLog, place });
    const request = create(CreateTerminalRequestSchema, { argv: ['shell'] });
    const { id } = (await first.create(vm, request, 'alice', AbortSignal.timeout(5000))).record;
    await first[Symbol.asyncDispose]();
    const silent: typeof vm = {
      ...vm,
      agent: ({ signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    };
    const hurried = new TerminalManager({ vms: { ...vms, byId: () => silent }, log: silentLog, place });
    await hurried.start();
    await hurried[Symbol.asyncDispose]();
    assert.deepEqual(
      (await api.store.terminals.list('hurried')).map((row) => row.id),
      [id],
    );
    await using last = new TerminalManager({ vms, log: silentLog, place });
    await last.start();
    const terminal = (await last.find(vm.id, id)) ?? assert.fail('the terminal is missing');
    await last.close(terminal, AbortSignal.timeout(5000));
  });

  it('a terminal without viewers ends after its lifetime', async () => {
    const { vms } = createLocalNode(api.node);
    await using terminals = new TerminalManager({ vms, log: silentLog, unseenMs: 20 });
    const request = create(CreateTerminalRequestSchema, { argv: ['shell'] });
    const terminal = await terminals.create(vms.find('one'), request, 'alice', AbortSignal.timeout(5000));
    await new Promise<void>((resolve) => {
      terminal.changes.add(() => {
        if (terminal.isEnded) resolve();
      });
    });
  });

  it('a terminal ends with its VM', async () => {
    const { row } = await api.createVm('two');
    const { id } = await client.terminals.create('two', { argv: ['shell'] });
    const viewer = new TestViewer(`ws+unix:${api.socketPath}:/v1/vms/two/terminals/${id}`);
    await viewer.until(() => viewer.shown.includes('$ '));
    api.driver.host.machine(row.id)?.crash('boom');
    assert.equal(await viewer.closed, 1000);
    assert.equal(viewer.of('error')[0]?.['reason'], 'VM_NOT_RUNNING');
    const [ended] = await client.terminals.list('two');
    assert.equal(ended?.errorReason, 'VM_NOT_RUNNING');
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { type LiveEvent, LiveEventSchema, LiveRequestSchema } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { makeUser, sessionOf } from '../../access/testing/test-users.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
/** IN_CREATE and IN_DELETE_SELF, inotify(7). */
const created = 0x100;
const folderRemoved = 0x400;

describe('the live topic of a folder', { timeout: 60_000 }, () => {
  const host = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  before(async () => {
    host.files.putFolder('/d');
    const agent = createAgent(host, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
  });
  after(() => api[Symbol.asyncDispose]());

  /** Subscribes, and collects what comes: "3", "gone" or the reason of an error. */
  async function follow(socket: WebSocket, path = '/d', vm = 'one'): Promise<{ readonly seen: string[] }> {
    const seen: string[] = [];
    const note = ({ event }: LiveEvent): void => {
      if (event.case === 'folder') seen.push(event.value.gone ? 'gone' : `${event.value.revision}`);
      if (event.case === 'error') seen.push(event.value.reason);
    };
    socket.on('message', (data: Buffer) => note(fromBinary(LiveEventSchema, data)));
    await once(socket, 'open');
    const request = create(LiveRequestSchema, { id: 7, request: { case: 'folder', value: { vm, path } } });
    socket.send(toBinary(LiveRequestSchema, request));
    await until(() => seen.length > 0);
    return { seen };
  }

  const local = (): WebSocket => new WebSocket(`ws+unix:${api.socketPath}:/v1/live`);
  const change = (events: number, name: string): void => {
    for (const watcher of host.files.watchers) watcher.change('/d', events, name);
  };

  it('the live topic of a folder counts bursts of changes, and ends with the folder', async () => {
    const socket = local();
    const { seen } = await follow(socket);
    assert.deepEqual(seen, ['0']);
    for (let index = 0; index < 50; index++) change(created, `f${index}`);
    await until(() => seen.length > 1);
    change(folderRemoved, '');
    await until(() => seen.includes('gone'));
    assert.ok(seen.length < 6, `${seen}`);
    socket.terminate();
  });

  it('the watch in the guest ends with the socket of its viewer', async () => {
    const socket = local();
    await follow(socket);
    assert.equal(host.files.watchers.size, 1);
    socket.terminate();
    await until(() => host.files.watchers.size === 0);
  });

  it('the live topic of a folder is refused without guest.file.read and without a folder, and audited', async () => {
    const base = await api.listenTcp();
    await makeUser(api.access, 'seer', ['vm.view']);
    const { cookie } = await sessionOf(api.access, 'seer');
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, { headers: { cookie, origin: base } });
    assert.deepEqual((await follow(socket)).seen, ['PRIVILEGE_MISSING']);
    const own = local();
    assert.deepEqual((await follow(own, '/none')).seen, ['FILE_NOT_FOUND']);
    const other = local();
    assert.deepEqual((await follow(other, '/d', 'two')).seen, ['VM_NOT_FOUND']);
    for (const each of [socket, own, other]) each.terminate();
    const entries = await api.store.audit.list({ action: 'guest.file.watch', limit: 10 });
    assert.ok(entries.some(({ user_name, result }) => user_name === 'seer' && result === 'PRIVILEGE_MISSING'));
    assert.ok(entries.some(({ parameters }) => JSON.parse(parameters).path === '/none'));
  });
});

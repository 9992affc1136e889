import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type LiveEvent, LiveEventSchema, LiveRequestSchema, VmState } from '@innkeeper/contract/control';
import { WebSocket } from 'ws';
import { stopVm } from '../../node/vm/vm-operations.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';
import { maxTopics } from './serve-live.ts';

type Init = Exclude<MessageInitShape<typeof LiveRequestSchema>, { $typeName: string }>;

/** A viewer that records all events. */
class Viewer {
  readonly events: LiveEvent[] = [];
  readonly socket: WebSocket;
  #wake: () => void = () => undefined;

  constructor(socketPath: string) {
    this.socket = new WebSocket(`ws+unix:${socketPath}:/v1/live`);
    this.socket.on('message', (data: Buffer) => {
      this.events.push(fromBinary(LiveEventSchema, data));
      this.#wake();
    });
  }

  async ask(init: Init): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    this.socket.send(toBinary(LiveRequestSchema, create(LiveRequestSchema, init)));
  }

  /** Waits for the first matching event; earlier ones are dropped. */
  async until(fits: (event: LiveEvent) => boolean): Promise<LiveEvent> {
    for (;;) {
      const found = this.events.findIndex(fits);
      const [event] = found < 0 ? [] : this.events.splice(0, found + 1).slice(-1);
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

describe('the live socket', { timeout: 60_000 }, () => {
  let api: ServedApi;
  let viewer: Viewer;
  before(async () => {
    api = await serveApi({});
    await api.createVm('web-1', { agent: false, tags: { env: 'prod' } });
    await api.createVm('web-2', { agent: false });
    viewer = new Viewer(api.socketPath);
  });
  after(async () => {
    viewer.socket.terminate();
    await api[Symbol.asyncDispose]();
  });

  it('the live socket sends the current state of a topic', async () => {
    await viewer.ask({ id: 1, request: { case: 'listVms', value: { filter: 'tag:env=prod' } } });
    const { event } = await viewer.until(({ id }) => id === 1);
    assert.ok(event.case === 'listVms');
    assert.deepEqual([event.value.total, event.value.vms.map(({ name }) => name)], [1, ['web-1']]);
  });

  it('the live socket sends a topic again when it changed, along with other topics', async () => {
    await viewer.ask({ id: 2, request: { case: 'vm', value: { vm: 'web-1' } } });
    await viewer.until(({ id, event }) => id === 2 && event.case === 'vm' && event.value.state === VmState.RUNNING);
    await stopVm(api.node, 'web-1', 100);
    await viewer.until(({ id, event }) => id === 2 && event.case === 'vm' && event.value.state === VmState.STOPPED);
  });

  it('the live overview counts the fleet and marks completed first steps', async () => {
    await viewer.ask({ id: 3, request: { case: 'fleet', value: {} } });
    const { event } = await viewer.until(({ id }) => id === 3);
    assert.ok(event.case === 'fleet');
    assert.equal(event.value.vms, 2);
    assert.deepEqual(event.value.doneSteps.slice(0, 2), ['image', 'vm']);
    assert.ok(event.value.events.some(({ kind, vmName }) => kind === 'vm.stopped' && vmName === 'web-1'));
  });

  it('the live socket reports running operations', async () => {
    await viewer.ask({ id: 4, request: { case: 'operations', value: {} } });
    const { event } = await viewer.until(({ id }) => id === 4);
    assert.ok(event.case === 'operations');
    assert.ok(event.value.operations.some(({ kind, target }) => kind === 'vm.stop' && target === 'web-1'));
  });

  it('a live request with the id of a topic replaces it', async () => {
    await viewer.ask({ id: 1, request: { case: 'listVms', value: { filter: 'web-2' } } });
    const { event } = await viewer.until(
      (each) => each.id === 1 && each.event.case === 'listVms' && each.event.value.vms[0]?.name === 'web-2',
    );
    assert.ok(event.case === 'listVms');
  });

  it('an invalid live topic ends with a reason, and the others continue', async () => {
    await viewer.ask({ id: 5, request: { case: 'vm', value: { vm: 'nobody' } } });
    const { event } = await viewer.until(({ id }) => id === 5);
    assert.ok(event.case === 'error');
    assert.equal(event.value.reason, 'VM_NOT_FOUND');
    await viewer.ask({ id: 6, request: { case: 'listVms', value: { filter: 'state:flying' } } });
    const refused = await viewer.until(({ id }) => id === 6);
    assert.ok(refused.event.case === 'error');
    assert.match(refused.event.value.message, /state:flying/);
    assert.equal(viewer.socket.readyState, WebSocket.OPEN);
  });

  it('the live socket refuses topics beyond the maximum', async () => {
    for (let id = 100; id < 100 + maxTopics; id++)
      await viewer.ask({ id, request: { case: 'events', value: { limit: 1 } } });
    const { event } = await viewer.until((each) => each.event.case === 'error');
    assert.ok(event.case === 'error');
    assert.equal(event.value.reason, 'TOO_MANY_CALLS');
  });

  it('the live socket is closed after a malformed request', async () => {
    const stranger = new Viewer(api.socketPath);
    await once(stranger.socket, 'open');
    stranger.socket.send(Buffer.from([255, 255, 255]));
    const [code] = (await once(stranger.socket, 'close')) as [number];
    assert.equal(code, 1007);
  });
});

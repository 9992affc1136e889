import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { browserSockets } from '@innkeeper/client/browser';
import { type HubState, LiveHub } from './live-hub.ts';

/** A WebSocket whose server side is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    assert.ok(socket !== undefined, 'no socket was opened');
    return socket;
  }

  readyState = 0;
  binaryType = '';
  readonly sent: number[][] = [];
  onopen: () => void = () => undefined;
  onclose: (event: { code: number }) => void = () => undefined;
  onmessage: (event: { data: ArrayBuffer }) => void = () => undefined;

  constructor() {
    FakeSocket.all.push(this);
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  send(bytes: Uint8Array): void {
    this.sent.push([...bytes]);
  }

  receive(...bytes: number[]): void {
    this.onmessage({ data: Uint8Array.from(bytes).buffer });
  }

  close(): void {
    this.readyState = 3;
    this.onclose({ code: 1006 });
  }
}

/** Prepends field 1, the id, as the hub does to a request. */
const withId = (id: number, ...rest: number[]): number[] => [0x08, id, ...rest];
const request = Uint8Array.of(0x22, 0);

describe('LiveHub', () => {
  const states: HubState[] = [];
  let hub: LiveHub;
  const original = globalThis.WebSocket;
  beforeEach(() => {
    FakeSocket.all = [];
    states.length = 0;
    globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;
    mock.timers.enable({ apis: ['setTimeout'] });
    hub = new LiveHub(browserSockets('ws://console'), (state) => states.push(state));
  });
  afterEach(() => {
    globalThis.WebSocket = original;
    mock.timers.reset();
  });

  const listener = (): { events: number[][]; event: (bytes: Uint8Array) => void } => {
    const events: number[][] = [];
    return { events, event: (bytes) => events.push([...bytes]) };
  };

  it('LiveHub sends one request per topic, and passes events to all its listeners', () => {
    const [one, other] = [listener(), listener()];
    hub.subscribe('fleet', request, one);
    hub.subscribe('fleet', request, other);
    FakeSocket.last.open();
    assert.deepEqual(FakeSocket.last.sent, [withId(1, 0x22, 0)]);
    FakeSocket.last.receive(...withId(1, 0x22, 1, 7));
    assert.deepEqual([one.events, other.events], [[[0x22, 1, 7]], [[0x22, 1, 7]]]);
  });

  it('LiveHub replays the last event of a topic to a later listener', () => {
    hub.subscribe('fleet', request, listener());
    FakeSocket.last.open();
    FakeSocket.last.receive(...withId(1, 9));
    const late = listener();
    hub.subscribe('fleet', request, late);
    assert.deepEqual(late.events, [[9]]);
  });

  it('LiveHub ends a topic when its last listener leaves', () => {
    const end = hub.subscribe('fleet', request, listener());
    FakeSocket.last.open();
    end();
    assert.deepEqual(FakeSocket.last.sent.at(-1), withId(1, 0x7a, 0));
  });

  it('LiveHub repeats all requests after a connection loss, with growing waits', () => {
    hub.subscribe('fleet', request, listener());
    FakeSocket.last.open();
    FakeSocket.last.close();
    assert.deepEqual(states, ['connected', 'lost']);
    mock.timers.tick(250);
    FakeSocket.last.close();
    mock.timers.tick(250);
    assert.equal(FakeSocket.all.length, 2);
    mock.timers.tick(250);
    assert.equal(FakeSocket.all.length, 3);
    FakeSocket.last.open();
    assert.deepEqual(FakeSocket.last.sent, [withId(1, 0x22, 0)]);
    assert.deepEqual(states.at(-1), 'connected');
  });

  it('LiveHub forgets the last events on reset, so that another user does not see them', () => {
    hub.subscribe('fleet', request, listener());
    FakeSocket.last.open();
    FakeSocket.last.receive(...withId(1, 9));
    hub.reset();
    const next = listener();
    hub.subscribe('fleet', request, next);
    assert.deepEqual(next.events, []);
    assert.equal(FakeSocket.all.length, 2);
  });

  it('LiveHub reads ids of more than one byte, and drops events of unknown topics', () => {
    for (let each = 0; each < 200; each++) hub.subscribe(`topic ${each}`, request, listener());
    const last = listener();
    hub.subscribe('last', request, last);
    FakeSocket.last.open();
    FakeSocket.last.receive(0x08, 0xc9, 0x01, 5);
    FakeSocket.last.receive(0x08, 0xff, 0x7f, 5);
    FakeSocket.last.receive();
    assert.deepEqual(last.events, [[5]]);
  });
});

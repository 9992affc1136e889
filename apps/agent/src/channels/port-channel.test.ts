import '../../testing/with-fake-port.ts';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { port } from '../../testing/fake-port.ts';

// After the hook that gives them their host.
const { PortChannel } = await import('./port-channel.ts');

const opened: { close(): Promise<void> }[] = [];

function open() {
  const channel = new PortChannel('test', '/dev/vport0p1');
  opened.push(channel);
  return channel;
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** What a promise came to by now. */
async function stateOf<T>(promise: Promise<T>): Promise<T | 'waits'> {
  let state: T | 'waits' = 'waits';
  promise.then(
    (value) => {
      state = value;
    },
    () => undefined,
  );
  await port.run();
  return state;
}

beforeEach(() => port.reset());
afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.close();
});

describe('a port', { timeout: 10_000 }, () => {
  it('gives bytes that lay in the pipe before it was opened at once, without a signal', async () => {
    port.hostComes();
    port.hostWrites('hello');
    assert.equal(text(await open().read()), 'hello');
  });

  it('gives what comes later', async () => {
    port.hostComes();
    const channel = open();
    const reading = channel.read();
    assert.equal(await stateOf(reading), 'waits');
    port.hostWrites('late');
    await port.run();
    assert.equal(text(await reading), 'late');
  });

  it('is not looked at while no host is there', async () => {
    const reading = open().read();
    assert.equal(await stateOf(reading), 'waits');
    assert.equal(await port.run(), 0);
    assert.equal(port.watches.size, 0);
  });

  it('is read as soon as a host comes', async () => {
    const reading = open().read();
    await port.run();
    port.hostComes();
    assert.ok((await port.run()) < 3);
    port.hostWrites('hello');
    await port.run();
    assert.equal(text(await reading), 'hello');
  });

  it('tells that its host has gone, once, and waits for the next in peace', async () => {
    port.hostComes();
    const channel = open();
    const reading = channel.read();
    await port.run();
    port.hostGoes();
    await port.run();
    assert.equal(await reading, undefined);
    const next = channel.read();
    assert.equal(await stateOf(next), 'waits');
    assert.equal(await port.run(), 0);
    port.hostComes();
    port.hostWrites('again');
    await port.run();
    assert.equal(text(await next), 'again');
  });

  it('loses nothing when a host goes and comes in one breath', async () => {
    port.hostComes();
    const channel = open();
    const reading = channel.read();
    await port.run();
    port.hostGoes();
    port.hostComes();
    port.hostWrites('new');
    await port.run();
    assert.equal(text(await reading), 'new');
  });

  it('gives the last bytes of a host that has gone', async () => {
    port.hostComes();
    const channel = open();
    port.hostWrites('bye');
    port.hostGoes();
    assert.equal(text(await channel.read()), 'bye');
    assert.equal(await stateOf(channel.read()), undefined);
  });

  it('holds a write until a host comes, and goes on where it stood', async () => {
    const channel = open();
    const writing = channel.write(new TextEncoder().encode('0123456789'));
    assert.equal(await stateOf(writing), 'waits');
    assert.equal(await port.run(), 0);
    port.room = 4;
    port.hostComes();
    await port.run();
    assert.equal(port.received, '0123');
    port.hostReads(100);
    await port.run();
    await writing;
    assert.equal(port.received, '0123456789');
  });

  it('does not spin while a reader and a writer wait for a host that has gone', async () => {
    port.hostComes();
    port.room = 1;
    const channel = open();
    const reading = channel.read();
    const writing = channel.write(new TextEncoder().encode('abc'));
    await port.run();
    port.hostGoes();
    await port.run();
    assert.equal(await reading, undefined);
    const next = channel.read();
    assert.ok((await port.run()) < 5);
    port.room = 100;
    port.hostComes();
    port.hostWrites('x');
    await port.run();
    await writing;
    assert.deepEqual([port.received, text(await next)], ['abc', 'x']);
  });

  it('keeps writes in their order', async () => {
    const channel = open();
    const writes = ['a', 'b', 'c'].map((word) => channel.write(new TextEncoder().encode(word)));
    port.hostComes();
    await port.run();
    await Promise.all(writes);
    assert.equal(port.received, 'abc');
  });

  it('ends a read at its signal, and loses no byte by that', async () => {
    port.hostComes();
    const channel = open();
    const controller = new AbortController();
    const reading = channel.read({ signal: controller.signal });
    await port.run();
    controller.abort('enough');
    await assert.rejects(reading, (reason) => reason === 'enough');
    port.hostWrites('kept');
    assert.equal(text(await channel.read()), 'kept');
  });

  it('ends what waits when it is closed', async () => {
    const channel = open();
    const reading = channel.read();
    const writing = channel.write(new Uint8Array(1));
    await port.run();
    const refused = assert.rejects(writing, /closed/);
    await channel.close();
    await channel.close();
    assert.equal(await reading, undefined);
    await refused;
    assert.deepEqual([port.guestOpen, port.watches.size], [false, 0]);
  });
});

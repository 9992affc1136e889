import '../../testing/with-fake-port.ts';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { port } from '../../testing/fake-port.ts';

// Imported after the hook that provides their host.
const { PortChannel } = await import('./port-channel.ts');

const opened: { close(): Promise<void> }[] = [];

function open() {
  const channel = new PortChannel('test', '/dev/vport0p1');
  opened.push(channel);
  return channel;
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** How a promise has settled so far. */
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

describe('a port channel', { timeout: 10_000 }, () => {
  it('a port returns bytes that were in the pipe before it was opened at once, without a signal', async () => {
    port.hostComes();
    port.hostWrites('hello');
    assert.equal(text(await open().read()), 'hello');
  });

  it('a port returns bytes that arrive after the read began', async () => {
    port.hostComes();
    const channel = open();
    const reading = channel.read();
    assert.equal(await stateOf(reading), 'waits');
    port.hostWrites('late');
    await port.run();
    assert.equal(text(await reading), 'late');
  });

  it('a port is not polled while no host is attached', async () => {
    const reading = open().read();
    assert.equal(await stateOf(reading), 'waits');
    assert.equal(await port.run(), 0);
    assert.equal(port.watches.size, 0);
  });

  it('a port is read as soon as a host attaches', async () => {
    const reading = open().read();
    await port.run();
    port.hostComes();
    assert.ok((await port.run()) < 3);
    port.hostWrites('hello');
    await port.run();
    assert.equal(text(await reading), 'hello');
  });

  it('a port reports once that its host left, and waits for the next host without polling', async () => {
    port.hostComes();
    const channel = open();
    const reading = channel.read();
    await port.run();
    port.hostGoes();
    await port.pass(499);
    assert.equal(await stateOf(reading), 'waits');
    await port.pass(1);
    assert.equal(await reading, undefined);
    const next = channel.read();
    assert.equal(await stateOf(next), 'waits');
    assert.equal(await port.run(), 0);
    port.hostComes();
    port.hostWrites('again');
    await port.run();
    assert.equal(text(await next), 'again');
  });

  it('a port loses nothing when its host leaves and returns at once', async () => {
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

  it('a port returns the last bytes of a host that left', async () => {
    port.hostComes();
    const channel = open();
    port.hostWrites('bye');
    port.hostGoes();
    assert.equal(text(await channel.read()), 'bye');
    const next = channel.read();
    await port.pass(500);
    assert.equal(await next, undefined);
  });

  it('a host whose first bytes arrive before the kernel reports its opening is not taken for gone', async () => {
    const channel = open();
    const reading = channel.read();
    await port.run();
    port.hostWrites('hello');
    await port.run();
    assert.equal(text(await reading), 'hello');
    const next = channel.read();
    const answer = channel.write(new TextEncoder().encode('welcome'));
    await port.pass(400);
    port.hostComes();
    await port.pass(10_000);
    assert.equal(await stateOf(next), 'waits');
    await answer;
    assert.equal(port.received, 'welcome');
    port.hostWrites('more');
    await port.run();
    assert.equal(text(await next), 'more');
  });

  it('readEach does not take a host for gone whose first bytes arrive before its opening', async () => {
    const channel = open();
    let taken = '';
    const ended = channel.readEach(
      (bytes) => {
        taken += text(bytes);
        return true;
      },
      { signal: new AbortController().signal },
    );
    await port.run();
    port.hostWrites('hello');
    await port.pass(400);
    port.hostComes();
    await port.pass(10_000);
    port.hostWrites(' again');
    assert.equal(await stateOf(ended), 'waits');
    assert.equal(taken, 'hello again');
    port.hostGoes();
    await port.pass(500);
    assert.equal(await ended, false);
  });

  it('a port holds a write until a host attaches, and continues at the same byte', async () => {
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

  it('a port does not busy-loop while a reader and a writer wait for a host that left', async () => {
    port.hostComes();
    port.room = 1;
    const channel = open();
    const reading = channel.read();
    const writing = channel.write(new TextEncoder().encode('abc'));
    await port.run();
    port.hostGoes();
    assert.ok((await port.run()) < 5);
    await port.pass(500);
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

  it('a port keeps writes in order', async () => {
    const channel = open();
    const writes = ['a', 'b', 'c'].map((word) => channel.write(new TextEncoder().encode(word)));
    port.hostComes();
    await port.run();
    await Promise.all(writes);
    assert.equal(port.received, 'abc');
  });

  it('aborting a read of a port loses no byte', async () => {
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

  it('closing a port ends its pending reads and writes', async () => {
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

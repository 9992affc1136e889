import '../../testing/with-fake-port.ts';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost } from '@innkeeper/agent-core/fake';
import { type Channel, silentLog } from '@innkeeper/kit';
import { openingBytes, portableByteOps } from '@innkeeper/wire';
import { port } from '../../testing/fake-port.ts';

// After the hook that gives it its host.
const { servePort } = await import('./serve-port.ts');

const name = 'org.innkeeper.agent.0';

const started: AbortController[] = [];

/** Serves until the host has gone; keeps what each one said. */
function start() {
  const controller = new AbortController();
  started.push(controller);
  const hosts: string[] = [];
  const serve = async (channel: Channel): Promise<void> => {
    let said = '';
    try {
      for (;;) {
        const bytes = await channel.read({ signal: controller.signal });
        if (bytes === undefined) break;
        said += new TextDecoder().decode(bytes);
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      hosts.push(said);
    }
  };
  let over = false;
  const serving = servePort({ name, log: silentLog, signal: controller.signal, serve }).then(() => {
    over = true;
  });
  return { controller, hosts, serving, isOver: () => over };
}

beforeEach(() => port.reset());
afterEach(async () => {
  for (const controller of started.splice(0)) controller.abort();
  await port.run();
});

describe('servePort()', { timeout: 10_000 }, () => {
  it('serves one host after the other on one opening', async () => {
    const { hosts } = start();
    for (const word of ['first', 'second']) {
      port.hostComes();
      port.hostWrites(word);
      await port.run();
      port.hostGoes();
      await port.run();
    }
    assert.deepEqual([hosts, port.opened], [['first', 'second'], 1]);
  });

  it('waits for a port that comes late', async () => {
    port.name = undefined;
    const { hosts } = start();
    await port.pass(1000);
    assert.equal(port.opened, 0);
    port.name = name;
    port.hostComes();
    port.hostWrites('hello');
    await port.pass(1000);
    port.hostGoes();
    await port.run();
    assert.deepEqual(hosts, ['hello']);
  });

  it('looks ever more seldom for a port that the VM does not have', async () => {
    port.name = 'org.qemu.guest_agent.0';
    start();
    await port.pass(600_000);
    assert.ok((await port.pass(600_000)) <= 10);
    assert.equal(port.opened, 0);
  });

  it('opens a port anew that fails, and not in a circle', async () => {
    port.hostComes();
    port.failures.push(...Array.from({ length: 1000 }, () => 'EIO'));
    start();
    await port.pass(60_000);
    assert.ok(port.opened >= 3 && port.opened < 20, `${port.opened}`);
    port.failures.length = 0;
    port.name = name;
    await port.pass(120_000);
    assert.equal(port.guestOpen, true);
  });

  it('ends at its signal, with a host, without one, and without a port', async () => {
    for (const arrange of [
      () => port.hostComes(),
      () => undefined,
      () => {
        port.name = undefined;
      },
    ]) {
      port.reset();
      arrange();
      const { controller, serving, isOver } = start();
      await port.run();
      controller.abort('stopping');
      assert.ok((await port.run()) < 5);
      assert.equal(isOver(), true);
      await serving;
      assert.deepEqual([port.guestOpen, port.watches.size, port.timers.size], [false, 0, 0]);
    }
  });

  it('lets a whole agent go: goodbye to the node that is there, and the port is free', async () => {
    for (const isAttached of [true, false]) {
      port.reset();
      const agent = createAgent(new FakeHost(), silentLog);
      const controller = new AbortController();
      const { signal } = controller;
      const serving = servePort({
        name,
        log: silentLog,
        signal,
        serve: (channel) => agent.serveChannel(channel, 'native', signal),
      });
      await port.run();
      if (isAttached) {
        port.hostComes();
        port.hostWrites(openingBytes(new Uint8Array(16).fill(7), { minVersion: 1, maxVersion: 1 }, portableByteOps));
        await port.run();
        assert.notEqual(port.received, '');
      }
      controller.abort('stopping');
      await port.run();
      await serving;
      assert.equal(port.received.includes('stopping'), isAttached);
      assert.equal(port.guestOpen, false);
    }
  });
});

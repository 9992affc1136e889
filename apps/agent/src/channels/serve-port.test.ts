import '../../testing/with-fake-port.ts';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost } from '@innkeeper/agent-core/fake';
import { type Channel, silentLog } from '@innkeeper/kit';
import { openingBytes, portableByteOps } from '@innkeeper/wire';
import { port } from '../../testing/fake-port.ts';

// Imported after the hook that provides its host.
const { servePort } = await import('./serve-port.ts');

const name = 'org.innkeeper.agent.0';

const started: AbortController[] = [];

/** Serves until the host leaves; keeps what each host sent. */
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
  it('a port serves one host after the other without being reopened', async () => {
    const { hosts } = start();
    for (const word of ['first', 'second']) {
      port.hostComes();
      port.hostWrites(word);
      await port.run();
      port.hostGoes();
      await port.pass(500);
    }
    assert.deepEqual([hosts, port.opened], [['first', 'second'], 1]);
  });

  it('waits for a port that appears late', async () => {
    port.name = undefined;
    const { hosts } = start();
    await port.pass(1000);
    assert.equal(port.opened, 0);
    port.name = name;
    port.hostComes();
    port.hostWrites('hello');
    await port.pass(1000);
    port.hostGoes();
    await port.pass(500);
    assert.deepEqual(hosts, ['hello']);
  });

  it('looks less and less often for a port that the VM does not have', async () => {
    port.name = 'org.qemu.guest_agent.0';
    start();
    await port.pass(600_000);
    assert.ok((await port.pass(600_000)) <= 10);
    assert.equal(port.opened, 0);
  });

  it('reopens a port that failed, after a delay', async () => {
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

  it('serving a port ends at its signal: with a host, without one, and without a port', async () => {
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

  it('an agent that stops says goodbye to the attached node and frees the port', async () => {
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

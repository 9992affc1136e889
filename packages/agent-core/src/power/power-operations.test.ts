import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { shutdown } = PowerServiceLite;

/** A guest with sysvinit. */
function guest(): FakeHost {
  const host = new FakeHost();
  host.files.put('/sbin/shutdown', '', { mode: 0o755 });
  return host;
}

describe('Shutdown', () => {
  it('Shutdown answers first, and shuts down a moment later', async () => {
    const { host, node } = await startFakeAgent(guest());
    host.jobs.results.set('/sbin/shutdown -h -P now', {});
    const call = await node.open(shutdown, { mode: 1 });
    assert.equal(call.messages[0]?.method, '/sbin/shutdown -h -P now');
    assert.deepEqual(host.jobs.ran, []);
    await host.clock.advance(100);
    assert.deepEqual([host.jobs.ran, host.power.calls], [['/sbin/shutdown -h -P now'], []]);
  });

  it('Shutdown falls back to the kernel if the init system fails or is missing', async () => {
    const { host, node } = await startFakeAgent(guest());
    host.jobs.results.set('/sbin/shutdown -r now', { exitCode: 1, stderr: 'no' });
    await node.open(shutdown, { mode: 2 });
    await host.clock.advance(100);
    assert.deepEqual(host.power.calls, ['reboot']);
    const bare = await startFakeAgent();
    assert.equal((await bare.node.open(shutdown, { mode: 3 })).messages[0]?.method, 'reboot(2)');
    await bare.host.clock.advance(100);
    assert.deepEqual(bare.host.power.calls, ['halt']);
  });

  it('Shutdown waits for the requested delay, and a later request replaces it', async () => {
    const { host, node } = await startFakeAgent();
    await node.open(shutdown, { mode: 1, delaySeconds: 60 });
    await host.clock.advance(59_000);
    await node.open(shutdown, { mode: 2, delaySeconds: 10 });
    await host.clock.advance(5_000);
    assert.deepEqual(host.power.calls, []);
    await host.clock.advance(60_000);
    assert.deepEqual(host.power.calls, ['reboot']);
  });

  it('Shutdown refuses an invalid mode and a delay of more than a day', async () => {
    const { host, node } = await startFakeAgent();
    assert.equal((await node.open(shutdown, { mode: 0 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(shutdown, { mode: 9 as 1 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(shutdown, { mode: 1, delaySeconds: 86_401 })).reason, 'INVALID_ARGUMENT');
    await host.clock.advance(200_000_000);
    assert.deepEqual(host.power.calls, []);
  });
});

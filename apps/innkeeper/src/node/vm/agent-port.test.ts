import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentAddress, nativeAgent, nativePort, type RunningVm, type VmSpec } from '@innkeeper/hypervisor';
import { FakeDriver, type FakeGuest } from '@innkeeper/hypervisor/fake';
import { createDeferred } from '@innkeeper/kit';
import { AgentPort } from './agent-port.ts';

const timeout = AbortSignal.timeout(20_000);
const spec: VmSpec = {
  id: 'vm-1',
  name: 'one',
  cpus: 1,
  memoryBytes: 1,
  runDirectory: '/run',
  kernel: undefined,
  disks: [{ path: '/disk', format: 'raw' }],
  nics: [],
  firmware: { kind: 'default' },
  snapshot: undefined,
};

interface Booted {
  readonly driver: FakeDriver;
  readonly vm: RunningVm;
  readonly guest: FakeGuest;
}

async function boot(): Promise<Booted> {
  const booted = createDeferred<FakeGuest>();
  const driver = new FakeDriver({ boot: () => async (guest) => booted.resolve(guest), bootMs: 0 });
  const vm = await driver.launch(spec);
  return { driver, vm, guest: await booted.promise };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setImmediate(resolve, true));
  return await Promise.race([promise.then(() => false), turn]);
}

describe('the way to an agent', () => {
  it('the channel to an agent is returned as soon as the guest has opened its port', async () => {
    const { vm, guest } = await boot();
    const connecting = new AgentPort(vm).connect(timeout);
    assert.equal(await isPending(connecting), true);
    const port = guest.openPort(nativePort);
    await using channel = await connecting;
    await channel.write(Uint8Array.of(1));
    assert.deepEqual(await port.read(), Uint8Array.of(1));
  });

  it('the channel to an agent is returned immediately if the guest opened its port before the daemon started', async () => {
    const { vm, guest } = await boot();
    guest.openPort(nativePort);
    await using channel = await new AgentPort(vm).connect(timeout);
    assert.equal(channel.name, `fake:${nativePort}`);
  });

  it('the channel to an agent ends when the guest closes its port, after its last bytes, and reopens for the next agent', async () => {
    const { driver, vm, guest } = await boot();
    const port = guest.openPort(nativePort);
    const way = new AgentPort(vm);
    const channel = await way.connect(timeout);
    await port.write(Uint8Array.of(7));
    driver.host.machine(spec.id)?.closePort(nativePort);
    assert.deepEqual(await channel.read({ signal: timeout }), Uint8Array.of(7));
    assert.equal(await channel.read({ signal: timeout }), undefined);
    const again = way.connect(timeout);
    assert.equal(await isPending(again), true);
    guest.openPort(nativePort);
    await (await again).close();
  });

  it('the channel to an agent is returned immediately if the hypervisor cannot report the port or does not answer', async () => {
    const { vm } = await boot();
    for (const supportsPortState of [false, true]) {
      const blind = Object.create(vm, {
        features: { value: { ...vm.features, supportsPortState } },
        isPortOpen: { value: () => Promise.reject(new Error('busy')) },
        onEvent: { value: () => () => undefined },
        openAgent: { value: (address: AgentAddress) => vm.openAgent(address) },
      }) as RunningVm;
      await (await new AgentPort(blind).connect(timeout)).close();
    }
  });

  it('aborting the wait for an agent releases the port', async () => {
    const { vm } = await boot();
    const giveUp = new AbortController();
    const connecting = new AgentPort(vm).connect(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await assert.rejects(connecting, { message: 'enough' });
    await (await vm.openAgent(nativeAgent)).close();
  });
});

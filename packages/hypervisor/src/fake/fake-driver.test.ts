import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Channel, createDeferred } from '@innkeeper/kit';
import { nativePort, type VmEvent, type VmSpec } from '../driver.ts';
import { manageDriver } from '../managed-driver.ts';
import {
  bootFloodingConsole,
  bootGarbage,
  bootSilent,
  bootWithoutAgent,
  FakeDriver,
  type FakeGuest,
  FakeHost,
} from './index.ts';

const spec: VmSpec = {
  id: '6f0d5a1e-0000-4000-8000-000000000001',
  name: 'a',
  cpus: 1,
  memoryBytes: 64 * 1024 * 1024,
  runDirectory: '/nowhere',
  disk: { path: '/nowhere/disk', format: 'raw' },
  kernel: undefined,
  network: undefined,
};

async function echo(channel: Channel, guest: FakeGuest): Promise<void> {
  for (;;) {
    const bytes = await channel.read({ signal: guest.signal });
    if (bytes === undefined) return;
    await channel.write(bytes);
  }
}

async function readText(channel: Channel, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += Buffer.from((await channel.read()) ?? assert.fail('the end')).toString();
  return text;
}

describe('FakeDriver', () => {
  it('boots a guest whose agent answers on the native port', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const channel = await vm.agentChannel(nativePort);
    await channel.write(Buffer.from('hello'));
    assert.equal(await readText(channel, 5), 'hello');
  });

  it('gives a second driver on the same host the VMs of the first', async () => {
    using host = new FakeHost();
    const driver = new FakeDriver({ host, startAgent: echo });
    await using first = await driver.launch(spec);
    await first.agentChannel(nativePort);
    await first[Symbol.asyncDispose]();
    const second = await new FakeDriver({ host }).adopt(first.record);
    const channel = await second?.agentChannel(nativePort);
    await channel?.write(Buffer.from('again'));
    assert.equal(channel && (await readText(channel, 5)), 'again');
    assert.equal(await driver.adopt({ ...first.record, pidStartTicks: '1' }), undefined);
  });

  it('keeps what the guest wrote before it powered off readable', async () => {
    using host = new FakeHost();
    const wrote = createDeferred<void>();
    const boot = () => async (guest: FakeGuest) => {
      await guest.openPort(nativePort).write(Buffer.from('bye'));
      wrote.resolve();
      guest.powerOff();
    };
    const vm = await new FakeDriver({ host, boot }).launch(spec);
    const channel = await vm.agentChannel(nativePort);
    await wrote.promise;
    assert.equal((await vm.ended).kind, 'shutdown');
    assert.equal(await readText(channel, 3), 'bye');
    assert.equal(await channel.read(), undefined);
  });

  it('stands still while paused', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const events: VmEvent[] = [];
    vm.onEvent((event) => events.push(event));
    const channel = await vm.agentChannel(nativePort);
    await channel.write(Buffer.from('a'));
    await readText(channel, 1);
    await vm.pause();
    await channel.write(Buffer.from('b'));
    const abort = new AbortController();
    const waiting = channel.read({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, { message: 'enough' });
    await vm.resume();
    assert.equal(await readText(channel, 1), 'b');
    assert.deepEqual(
      events.map((event) => event.type),
      ['agent-port', 'paused', 'resumed'],
    );
  });

  it('boots again after a reset, on the same channel', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const channel = await vm.agentChannel(nativePort);
    await channel.write(Buffer.from('a'));
    await readText(channel, 1);
    host.machine(spec.id)?.reset();
    await channel.write(Buffer.from('b'));
    assert.equal(await readText(channel, 1), 'b');
  });

  it('ends by crash, power button and kill, each with its kind', async () => {
    using host = new FakeHost();
    const driver = new FakeDriver({ host, boot: () => bootWithoutAgent });
    const crashed = await driver.launch(spec);
    host.machine(spec.id)?.crash('boom');
    assert.deepEqual(await crashed.ended, { kind: 'crashed', exitCode: 1, signal: undefined, lastLines: 'boom' });
    const stopped = await driver.launch(spec);
    await stopped.pressPowerButton();
    assert.equal((await stopped.ended).kind, 'shutdown');
    const killed = await driver.launch(spec);
    await killed.kill();
    assert.equal((await killed.ended).kind, 'killed');
  });

  it('has guests that are silent, send garbage and flood their console', async () => {
    using host = new FakeHost();
    const silent = await new FakeDriver({ host, boot: () => bootSilent }).launch(spec);
    const opened = new Promise<VmEvent>((resolve) => silent.onEvent(resolve));
    assert.equal((await opened).type, 'agent-port');
    await silent.pressPowerButton();
    assert.ok(host.machine(spec.id));
    await silent.kill();

    const garbage = await new FakeDriver({ host, boot: () => bootGarbage(7) }).launch(spec);
    const channel = await garbage.agentChannel(nativePort);
    for (let count = 0; count < 1_000_000; ) count += (await channel.read())?.length ?? assert.fail('the end');
    await garbage.kill();

    const flood = await new FakeDriver({ host, boot: () => bootFloodingConsole(1_000_000) }).launch(spec);
    let printed = 0;
    await new Promise<void>((resolve) => {
      flood.console.onOutput((bytes) => {
        printed += bytes.length;
        if (printed >= 1_000_000) resolve();
      });
    });
    const { head, droppedBytes, tail } = flood.console.history();
    assert.equal(head.length + droppedBytes + tail.length, printed);
    assert.ok(head.length + tail.length <= 256 * 1024);
  });
});

describe('manageDriver()', () => {
  it('lets a VM that is gone be killed and stopped again', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    await Promise.all([vm.kill(), vm.kill()]);
    await vm.kill();
    await vm.pressPowerButton();
    assert.equal(vm.usage(), undefined);
  });

  it('calls everything else of a VM that is gone VM_NOT_RUNNING', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    host.machine(spec.id)?.crash('');
    const gone = { reason: 'VM_NOT_RUNNING' };
    await assert.rejects(vm.agentChannel(nativePort), gone);
    await assert.rejects(vm.isPaused(), gone);
    await assert.rejects(vm.console.write(Buffer.from('x')), gone);
    await assert.rejects(async () => vm.pause?.(), gone);
  });

  it('calls a failure of a VM that lives HYPERVISOR_UNREACHABLE', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    await vm.agentChannel(nativePort);
    await assert.rejects(vm.agentChannel(nativePort), { reason: 'HYPERVISOR_UNREACHABLE' });
  });

  it('passes the reason of an abort on', async () => {
    const launched = manageDriver(new FakeDriver()).launch(spec, { signal: AbortSignal.abort(new Error('no more')) });
    await assert.rejects(launched, { message: 'no more' });
  });
});

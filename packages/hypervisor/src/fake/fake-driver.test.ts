import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Channel, createDeferred } from '@innkeeper/kit';
import { nativeAgent, nativePort, type VmEvent } from '../driver.ts';
import { manageDriver } from '../managed-driver.ts';
import type { VmSpec } from '../vm-spec.ts';
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
  disks: [{ path: '/nowhere/disk', format: 'raw' }],
  nics: [],
  firmware: { kind: 'default' },
  kernel: undefined,
  snapshot: undefined,
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
  it('the fake driver boots a guest whose agent answers on the native port', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const channel = await vm.openAgent(nativeAgent);
    await channel.write(Buffer.from('hello'));
    assert.equal(await readText(channel, 5), 'hello');
  });

  it('a second fake driver on the same host finds the VMs of the first', async () => {
    using host = new FakeHost();
    const driver = new FakeDriver({ host, startAgent: echo });
    await using first = await driver.launch(spec);
    await first.openAgent(nativeAgent);
    await first[Symbol.asyncDispose]();
    const second = await new FakeDriver({ host }).adopt(first.record);
    const channel = await second?.openAgent(nativeAgent);
    await channel?.write(Buffer.from('again'));
    assert.equal(channel && (await readText(channel, 5)), 'again');
    assert.equal(
      await driver.adopt({ ...first.record, payload: { ...first.record.payload, pidStartTicks: '1' } }),
      undefined,
    );
  });

  it('output that a fake guest wrote before it powered off stays readable', async () => {
    using host = new FakeHost();
    const wrote = createDeferred<void>();
    const boot = () => async (guest: FakeGuest) => {
      await guest.openPort(nativePort).write(Buffer.from('bye'));
      wrote.resolve();
      guest.powerOff();
    };
    const vm = await new FakeDriver({ host, boot }).launch(spec);
    const channel = await vm.openAgent(nativeAgent);
    await wrote.promise;
    assert.equal((await vm.ended).kind, 'shutdown');
    assert.equal(await readText(channel, 3), 'bye');
    assert.equal(await channel.read(), undefined);
  });

  it('a fake guest makes no progress while paused', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const events: VmEvent[] = [];
    vm.onEvent((event) => events.push(event));
    const channel = await vm.openAgent(nativeAgent);
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

  it('a fake guest boots again after a reset, on the same channel', async () => {
    using host = new FakeHost();
    const vm = await new FakeDriver({ host, startAgent: echo }).launch(spec);
    const channel = await vm.openAgent(nativeAgent);
    await channel.write(Buffer.from('a'));
    await readText(channel, 1);
    host.machine(spec.id)?.reset();
    await channel.write(Buffer.from('b'));
    assert.equal(await readText(channel, 1), 'b');
  });

  it('a fake VM ends by crash, power button and kill, each with its kind', async () => {
    using host = new FakeHost();
    const driver = new FakeDriver({ host, boot: () => bootWithoutAgent });
    const crashed = await driver.launch(spec);
    host.machine(spec.id)?.crash('boom');
    assert.deepEqual(await crashed.ended, { kind: 'crashed', exitCode: 1, signal: undefined, lastLines: 'boom' });
    const stopped = await driver.launch(spec);
    await stopped.requestShutdown();
    assert.equal((await stopped.ended).kind, 'shutdown');
    const killed = await driver.launch(spec);
    await killed.kill();
    assert.equal((await killed.ended).kind, 'killed');
  });

  it('fake guests can be silent, send garbage and flood their console', async () => {
    using host = new FakeHost();
    const silent = await new FakeDriver({ host, boot: () => bootSilent }).launch(spec);
    const opened = new Promise<VmEvent>((resolve) => silent.onEvent(resolve));
    assert.equal((await opened).type, 'agent-port');
    await silent.requestShutdown();
    assert.ok(host.machine(spec.id));
    await silent.kill();

    const garbage = await new FakeDriver({ host, boot: () => bootGarbage(7) }).launch(spec);
    const channel = await garbage.openAgent(nativeAgent);
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
  it('a VM that has ended can be killed and stopped again', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    await Promise.all([vm.kill(), vm.kill()]);
    await vm.kill();
    await vm.requestShutdown();
    assert.equal(vm.usage(), undefined);
  });

  it('other calls on a VM that has ended fail with VM_NOT_RUNNING', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    host.machine(spec.id)?.crash('');
    const gone = { reason: 'VM_NOT_RUNNING' };
    await assert.rejects(vm.openAgent(nativeAgent), gone);
    await assert.rejects(vm.isPaused(), gone);
    await assert.rejects(vm.console.write(Buffer.from('x')), gone);
    await assert.rejects(async () => vm.pause(), gone);
  });

  it('a failed call on a running VM is HYPERVISOR_UNREACHABLE', async () => {
    using host = new FakeHost();
    const vm = await manageDriver(new FakeDriver({ host })).launch(spec);
    await vm.openAgent(nativeAgent);
    await assert.rejects(vm.openAgent(nativeAgent), { reason: 'HYPERVISOR_UNREACHABLE' });
  });

  it('an aborted launch rejects with the signal’s reason', async () => {
    const launched = manageDriver(new FakeDriver()).launch(spec, { signal: AbortSignal.abort(new Error('no more')) });
    await assert.rejects(launched, { message: 'no more' });
  });

  it('a launch that needs an unsupported feature is refused, naming it', async () => {
    const driver = manageDriver(
      new FakeDriver({ features: { supportsSeveralDisks: false, supportsSeveralNics: false } }),
    );
    const user = { kind: 'user', macAddress: '52:54:00:12:34:56' } as const;
    const { macAddress } = user;
    const cases: readonly [Partial<VmSpec>, string][] = [
      [{ nics: [{ kind: 'tap', macAddress, device: 'tap0' }] }, 'a network card of the kind "tap" (supportsTapNic)'],
      [
        { nics: [{ kind: 'bridge', macAddress, bridge: 'br0' }] },
        'a network card of the kind "bridge" (supportsBridgeNic)',
      ],
      [{ nics: [user, user] }, 'more than one network card (supportsSeveralNics)'],
      [{ disks: [...spec.disks, ...spec.disks] }, 'more than one disk (supportsSeveralDisks)'],
      [
        { firmware: { kind: 'uefi', codePath: '/c', variablesPath: '/v' } },
        'firmware of the kind "uefi" (supportsUefi)',
      ],
      [{ snapshot: { memoryPath: '/m', statePath: '/s' } }, 'starting from a snapshot (supportsSnapshots)'],
    ];
    for (const [change, what] of cases) {
      await assert.rejects(driver.launch({ ...spec, ...change }), {
        reason: 'UNSUPPORTED_BY_DRIVER',
        message: `The driver "fake" does not support ${what}.`,
      });
    }
    await using vm = await driver.launch({ ...spec, nics: [{ kind: 'none' }, user] });
    await vm.kill();
  });

  it('a call that a running VM’s driver does not support is refused, naming the feature', async () => {
    using host = new FakeHost();
    const features = { supportsPause: false, supportsPortState: false };
    const vm = await manageDriver(new FakeDriver({ host, features })).launch(spec);
    const refused = { reason: 'UNSUPPORTED_BY_DRIVER' };
    await assert.rejects(vm.pause(), refused);
    await assert.rejects(vm.resume(), refused);
    await assert.rejects(vm.isPortOpen(nativePort), refused);
    await assert.rejects(vm.network(), refused);
    await assert.rejects(vm.openAgent({ kind: 'vsock', port: 1024 }), {
      ...refused,
      message: 'The driver "fake" does not support an agent on vsock (supportsVsock).',
    });
  });
});

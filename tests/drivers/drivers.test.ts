// Every driver must behave the same with the same guest. A driver that cannot run here is skipped with a reason.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type HypervisorDriver,
  nativeAgent,
  nativePort,
  type RunningVm,
  type VmEvent,
  type VmSpec,
} from '@innkeeper/hypervisor';
import { mib } from '@innkeeper/kit';
import { driverFixtures, removeRunDirectory } from './fixtures.ts';
import { consoleText, waitForConsole } from './guest/console-text.ts';
import { exchange } from './guest/exchange.ts';

for (const fixture of driverFixtures) {
  describe(`driver ${fixture.name}`, { skip: fixture.skip, timeout: 180_000 }, () => {
    let driver: HypervisorDriver;
    let spec: VmSpec;
    let vm: RunningVm;
    const events: VmEvent[] = [];

    before(async () => {
      driver = fixture.createDriver();
      // Two disks if the driver supports that, and a NIC slot without a card.
      const plain = await fixture.createSpec();
      const second = { path: join(plain.runDirectory, 'second.raw'), format: 'raw' } as const;
      await writeFile(second.path, Buffer.alloc(mib));
      spec = {
        ...plain,
        disks: driver.features.supportsSeveralDisks ? [...plain.disks, second] : plain.disks,
        nics: [{ kind: 'none' }],
      };
      vm = await driver.launch(spec);
      vm.onEvent((event) => events.push(event));
      await waitForConsole(vm, 'test guest ready');
    });

    after(async () => {
      await vm.kill();
      await vm[Symbol.asyncDispose]();
      await removeRunDirectory(spec);
    });

    it(`${fixture.name}: a channel transports bytes both ways, completely and in order`, async () => {
      await using channel = await vm.openAgent(nativeAgent);
      const bytes = randomBytes(2 * mib);
      assert.equal(Buffer.compare(await exchange(channel, bytes), bytes), 0);
    });

    it(`${fixture.name}: a channel can be reopened after it was closed`, async () => {
      for (const text of ['first', 'second', 'third']) {
        await using channel = await vm.openAgent(nativeAgent);
        assert.equal(Buffer.from(await exchange(channel, Buffer.from(text))).toString(), text);
      }
    });

    it(`${fixture.name}: a second channel on an open port is refused`, async () => {
      await using _channel = await vm.openAgent(nativeAgent);
      await assert.rejects(vm.openAgent(nativeAgent), { reason: 'HYPERVISOR_UNREACHABLE' });
    });

    it(`${fixture.name}: an aborted read loses no bytes`, async () => {
      await using channel = await vm.openAgent(nativeAgent);
      const abort = new AbortController();
      const read = channel.read({ signal: abort.signal });
      abort.abort(new Error('given up'));
      await assert.rejects(read, { message: 'given up' });
      assert.equal(Buffer.from(await exchange(channel, Buffer.from('kept'))).toString(), 'kept');
    });

    it(`${fixture.name}: closing a channel ends a pending read`, async () => {
      const channel = await vm.openAgent(nativeAgent);
      const read = channel.read();
      await channel.close();
      assert.equal(await read, undefined);
      await assert.rejects(channel.write(Buffer.from('x')));
      await channel.close();
    });

    it(`${fixture.name}: a VM is paused and resumed, with events`, async () => {
      await vm.pause();
      assert.equal(await vm.isPaused(), true);
      // Caused by the test, not by the hypervisor itself.
      assert.equal(await vm.whyPaused(), undefined);
      await vm.resume();
      assert.equal(await vm.isPaused(), false);
      const seen = events.map((event) => event.type).filter((type) => type === 'paused' || type === 'resumed');
      assert.deepEqual(seen, ['paused', 'resumed']);
    });

    it(`${fixture.name}: the state of the guest’s port is reported, with events`, async () => {
      assert.equal(await vm.isPortOpen(nativePort), true);
      assert.equal(await vm.isPortOpen('org.qemu.guest_agent.0'), false);
      assert.ok(events.some((event) => event.type === 'agent-port' && event.port === nativePort && event.open));
    });

    it(`${fixture.name}: an unsupported specification is refused with the feature’s name, and nothing running is touched`, async () => {
      const tap = { kind: 'tap', macAddress: '52:54:00:12:34:56', device: 'tap0' } as const;
      await assert.rejects(driver.launch({ ...spec, nics: [tap] }), {
        reason: 'UNSUPPORTED_BY_DRIVER',
        message: `The driver "${fixture.name}" does not support a network card of the kind "tap" (supportsTapNic).`,
      });
      assert.equal(await vm.isPaused(), false);
    });

    it(`${fixture.name}: the driver returns the process of its own record, and of no other driver’s`, () => {
      assert.equal(driver.processOf(vm.record)?.pid, vm.process?.pid);
      assert.equal(driver.processOf({ ...vm.record, driver: 'nobody' }), undefined);
    });

    it(`${fixture.name}: the usage of the VM’s process is reported`, () => {
      const usage = vm.usage();
      assert.ok(usage !== undefined && usage.rssBytes > mib && usage.cpuTimeUs > 0);
    });

    it(`${fixture.name}: only head and tail of a flooded console are retained`, async () => {
      await vm.console.write(Buffer.from('flood 600\n'));
      await waitForConsole(vm, 'flood over');
      const { head, droppedBytes, tail } = vm.console.history();
      assert.equal(head.length + tail.length, 256 * 1024);
      assert.ok(droppedBytes > 350_000);
      assert.match(Buffer.from(head).toString('latin1'), /test guest ready/);
      assert.match(Buffer.from(tail).toString('latin1'), /flood over/);
    });

    it(`${fixture.name}: a VM is adopted from its record`, async () => {
      const { record } = vm;
      await vm[Symbol.asyncDispose]();
      const adopted = await fixture.createDriver().adopt(JSON.parse(JSON.stringify(record)));
      assert.ok(adopted);
      vm = adopted;
      vm.onEvent((event) => events.push(event));
      assert.deepEqual(vm.record, record);
      assert.match(consoleText(vm), /test guest ready/);
      await using channel = await vm.openAgent(nativeAgent);
      assert.equal(Buffer.from(await exchange(channel, Buffer.from('again'))).toString(), 'again');
      assert.equal(await driver.adopt({ ...record, payload: { ...record.payload, pidStartTicks: '1' } }), undefined);
    });

    it(`${fixture.name}: the process stays the same when the guest reboots`, async () => {
      const reset = new Promise<void>((resolve) => {
        vm.onEvent((event) => event.type === 'reset' && resolve());
      });
      await vm.console.write(Buffer.from('reboot\n'));
      await reset;
      await waitForConsole(vm, 'test guest ready', 2);
      await using channel = await vm.openAgent(nativeAgent);
      assert.equal(Buffer.from(await exchange(channel, Buffer.from('booted'))).toString(), 'booted');
    });

    it(`${fixture.name}: the power button shuts the guest down`, async () => {
      await vm.requestShutdown();
      const end = await vm.ended;
      assert.equal(end.kind, 'shutdown');
      await vm.requestShutdown();
      await vm.kill();
      assert.equal(vm.usage(), undefined);
      await assert.rejects(vm.openAgent(nativeAgent), { reason: 'VM_NOT_RUNNING' });
      await assert.rejects(vm.isPaused(), { reason: 'VM_NOT_RUNNING' });
      assert.equal(await driver.adopt(vm.record), undefined);
    });

    it(`${fixture.name}: a guest that ignores the power button can be killed, also twice`, async () => {
      const deafSpec = await fixture.createSpec('test=deaf');
      await using deaf = await driver.launch(deafSpec);
      await waitForConsole(deaf, 'test guest ready');
      await deaf.requestShutdown();
      await using channel = await deaf.openAgent(nativeAgent);
      const reading = channel.read();
      await Promise.all([deaf.kill(), deaf.kill()]);
      await deaf.kill();
      assert.equal((await deaf.ended).kind, 'killed');
      assert.equal(await reading, undefined);
      await removeRunDirectory(deafSpec);
    });

    it(`${fixture.name}: an aborted launch starts nothing`, async () => {
      const spec = await fixture.createSpec();
      const signal = AbortSignal.abort(new Error('no more'));
      await assert.rejects(driver.launch(spec, { signal }), { message: 'no more' });
      await removeRunDirectory(spec);
    });
  });
}

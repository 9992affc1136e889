import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import {
  manageDriver,
  nativeAgent,
  parseVmRecord,
  QemuDriver,
  type VmRecord,
  type VmSpec,
} from '@innkeeper/hypervisor';
import { driverFixtures, removeRunDirectory } from './fixtures.ts';
import { consoleText, waitForConsole } from './guest/console-text.ts';
import { exchange } from './guest/exchange.ts';

const fixture = driverFixtures.find(({ name }) => name === 'qemu') ?? assert.fail('no fixture');

async function launchInDaemon(spec: VmSpec): Promise<{ daemon: ChildProcess; record: VmRecord }> {
  const daemon = spawn(process.execPath, [join(import.meta.dirname, 'daemon.ts'), JSON.stringify(spec)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: daemon.stdout ?? assert.fail('no stdout') });
  const { value } = await lines[Symbol.asyncIterator]().next();
  return { daemon, record: JSON.parse(value ?? assert.fail('the daemon ended')) };
}

async function killDaemon(daemon: ChildProcess): Promise<void> {
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
}

describe('QEMU after its daemon died', { skip: fixture.skip, timeout: 120_000 }, () => {
  it('QEMU outlives a killed daemon and is adopted with its console, ports and end', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const driver = manageDriver(new QemuDriver());
    await using vm = (await driver.adopt(record)) ?? assert.fail('not found');
    await waitForConsole(vm, 'test guest ready');
    assert.match(consoleText(vm), /no daemon was attached here/);
    await using channel = await vm.openAgent(nativeAgent);
    assert.equal(Buffer.from(await exchange(channel, Buffer.from('still here'))).toString(), 'still here');
    await vm.requestShutdown();
    assert.equal((await vm.ended).kind, 'shutdown');
    assert.equal(await driver.adopt(record), undefined);
    assert.equal(await driver.howEnded(record), 'shutdown');
    await removeRunDirectory(spec);
  });

  it('QEMU is adopted in a run directory that was moved, and how it ended is unknown there', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const runDirectory = `${spec.runDirectory}-moved`;
    await rename(spec.runDirectory, runDirectory);
    const driver = manageDriver(new QemuDriver());
    await using vm = (await driver.adopt(record, { runDirectory })) ?? assert.fail('not found');
    await waitForConsole(vm, 'test guest ready');
    await using channel = await vm.openAgent(nativeAgent);
    assert.equal(Buffer.from(await exchange(channel, Buffer.from('still here'))).toString(), 'still here');
    await vm.requestShutdown();
    assert.equal((await vm.ended).kind, 'shutdown');
    assert.equal(await driver.adopt(record, { runDirectory }), undefined);
    assert.equal(await driver.howEnded(record, { runDirectory }), undefined);
    await removeRunDirectory({ ...spec, runDirectory });
    await removeRunDirectory(spec);
  });

  it('QEMU is killed as unrecorded in a run directory that was moved', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const runDirectory = `${spec.runDirectory}-moved`;
    await rename(spec.runDirectory, runDirectory);
    const driver = manageDriver(new QemuDriver());
    assert.equal(await driver.killUnrecorded(runDirectory), true);
    assert.equal(await driver.adopt(record), undefined);
    await removeRunDirectory({ ...spec, runDirectory });
    await removeRunDirectory(spec);
  });

  it('QEMU is adopted from the record of an older version, or killed by it if it cannot be adopted', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const { id, driver: name, payload } = record;
    const old = parseVmRecord(JSON.stringify({ id, driver: name, ...payload })) ?? assert.fail('not read');
    const driver = manageDriver(new QemuDriver());
    const vm = (await driver.adopt(old)) ?? assert.fail('not found');
    await waitForConsole(vm, 'test guest ready');
    assert.deepEqual(vm.record, record);
    await vm[Symbol.asyncDispose]();
    await driver.kill(old);
    assert.equal(await driver.adopt(old), undefined);
    await driver.kill(old);
    await removeRunDirectory(spec);
  });

  it('QEMU that was killed without a daemon is reported as crashed', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const driver = manageDriver(new QemuDriver());
    const watched = (await driver.adopt(record)) ?? assert.fail('not found');
    process.kill(watched.process?.pid ?? Number.NaN, 'SIGKILL');
    assert.equal((await watched.ended).kind, 'crashed');
    assert.equal(await driver.adopt(record), undefined);
    assert.equal(await driver.howEnded(record), 'crashed');
    await removeRunDirectory(spec);
  });

  it('QEMU without a stored record does not prevent another launch', async () => {
    const spec = await fixture.createSpec();
    const { daemon, record } = await launchInDaemon(spec);
    await killDaemon(daemon);
    const driver = manageDriver(new QemuDriver());
    await using vm = await driver.launch(spec);
    assert.notEqual(vm.process?.pid, driver.processOf(record)?.pid);
    assert.equal(await driver.adopt(record), undefined);
    await vm.kill();
    await removeRunDirectory(spec);
  });
});

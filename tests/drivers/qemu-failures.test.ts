import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { manageDriver, QemuDriver, type VmSpec } from '@innkeeper/hypervisor';
import { driverFixtures, removeRunDirectory } from './fixtures.ts';

const fixture = driverFixtures.find(({ name }) => name === 'qemu') ?? assert.fail('no fixture');

describe('QemuDriver', { skip: fixture.skip, timeout: 60_000 }, () => {
  const driver = manageDriver(new QemuDriver());

  async function withSpec(use: (spec: VmSpec) => Promise<void>): Promise<void> {
    const spec = await fixture.createSpec();
    try {
      await use(spec);
    } finally {
      await removeRunDirectory(spec);
    }
  }

  it('says what QEMU said when it died at start', () =>
    withSpec(async (spec) => {
      const broken = { ...spec, disks: [{ path: join(spec.runDirectory, 'no-such-disk'), format: 'raw' as const }] };
      await assert.rejects(driver.launch(broken), {
        reason: 'HYPERVISOR_FAILED',
        message: /QEMU exited at start \(exit code 1\): .*Could not open '.*no-such-disk': No such file/,
      });
    }));

  it('says what QEMU said of a disk that is no qcow2', () =>
    withSpec(async (spec) => {
      const broken = { ...spec, disks: spec.disks.map(({ path }) => ({ path, format: 'qcow2' as const })) };
      await assert.rejects(driver.launch(broken), { reason: 'HYPERVISOR_FAILED', message: /not in qcow2 format/ });
    }));

  it('says which program is missing', () =>
    withSpec(async (spec) => {
      const missing = new QemuDriver({ program: 'qemu-system-nonsense' });
      assert.equal((await missing.probe()).available, false);
      await assert.rejects(missing.launch(spec), {
        reason: 'HYPERVISOR_MISSING',
        message: /qemu-system-nonsense is not installed.*apt-get install/,
      });
    }));

  it('refuses a run directory whose socket paths the kernel would not take', () =>
    withSpec(async (spec) => {
      const long = { ...spec, runDirectory: join(spec.runDirectory, 'x'.repeat(80)) };
      await assert.rejects(driver.launch(long), {
        reason: 'INVALID_PATH',
        nextStep: 'Use a data folder with a shorter path (--data).',
      });
    }));

  it('leaves no process behind when the caller gives up in the middle of a launch', () =>
    withSpec(async (spec) => {
      const abort = new AbortController();
      const silent = new QemuDriver({ program: await writeSilentProgram(spec.runDirectory) });
      await silent.probe();
      const launching = silent.launch(spec, { signal: abort.signal });
      const pidPath = join(spec.runDirectory, 'pid');
      while (!existsSync(pidPath)) await nextTurn();
      abort.abort(new Error('no more'));
      await assert.rejects(launching, { message: 'no more' });
      assert.throws(() => process.kill(Number(readFileSync(pidPath)), 0), { code: 'ESRCH' });
    }));

  it('names a control socket that something else holds', () =>
    withSpec(async (spec) => {
      await using vm = await driver.launch(spec);
      await assert.rejects(new QemuDriver().adopt(vm.record), {
        reason: 'HYPERVISOR_UNREACHABLE',
        message: /another program may be connected to it/,
      });
      await vm.kill();
    }));

  it('puts its files into the run directory and takes the sockets away at an orderly end', () =>
    withSpec(async (spec) => {
      await using vm = await driver.launch(spec);
      const names = await readdir(spec.runDirectory);
      for (const name of ['qmp.sock', 'console.sock', 'qemu.pid', 'qemu.log', 'org.innkeeper.agent.0.sock']) {
        assert.ok(names.includes(name), name);
      }
      process.kill(vm.process.pid, 'SIGTERM');
      const end = await vm.ended;
      assert.equal(end.kind, 'killed');
      assert.match(end.lastLines, /terminating on signal 15/);
      assert.equal(existsSync(join(spec.runDirectory, 'qemu.pid')), false);
    }));
});

/** A program that answers the probe as QEMU does and then never listens. */
async function writeSilentProgram(directory: string): Promise<string> {
  const path = join(directory, 'silent-qemu');
  const script = `#!/bin/sh
case "$*" in *stdio*) exec qemu-system-x86_64 "$@";; esac
echo $$ > ${directory}/pid.new && mv ${directory}/pid.new ${directory}/pid
exec sleep 60
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

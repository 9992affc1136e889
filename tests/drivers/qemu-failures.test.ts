import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manageDriver, QemuDriver, type VmSpec } from '@innkeeper/hypervisor';
import { until } from '@innkeeper/kit/testing';
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

  it('a failed launch has QEMU’s error output', () =>
    withSpec(async (spec) => {
      const broken = { ...spec, disks: [{ path: join(spec.runDirectory, 'no-such-disk'), format: 'raw' as const }] };
      await assert.rejects(driver.launch(broken), {
        reason: 'HYPERVISOR_FAILED',
        message: /QEMU exited at start \(exit code 1\): .*Could not open '.*no-such-disk': No such file/,
      });
    }));

  it('a launch with a disk that is not qcow2 has QEMU’s error output', () =>
    withSpec(async (spec) => {
      const broken = { ...spec, disks: spec.disks.map(({ path }) => ({ path, format: 'qcow2' as const })) };
      await assert.rejects(driver.launch(broken), { reason: 'HYPERVISOR_FAILED', message: /not in qcow2 format/ });
    }));

  it('a launch without QEMU names the missing program', () =>
    withSpec(async (spec) => {
      const missing = new QemuDriver({ program: 'qemu-system-nonsense' });
      assert.equal((await missing.probe()).available, false);
      await assert.rejects(missing.launch(spec), {
        reason: 'HYPERVISOR_MISSING',
        message: /qemu-system-nonsense is not installed.*apt-get install/,
      });
    }));

  it('a run directory whose socket paths are too long for the kernel is refused', () =>
    withSpec(async (spec) => {
      const long = { ...spec, runDirectory: join(spec.runDirectory, 'x'.repeat(80)) };
      await assert.rejects(driver.launch(long), {
        reason: 'INVALID_PATH',
        nextStep: 'Use a data folder with a shorter path (--data).',
      });
    }));

  it('aborting a launch leaves no process behind', () =>
    withSpec(async (spec) => {
      const abort = new AbortController();
      const silent = new QemuDriver({ program: await writeSilentProgram(spec.runDirectory) });
      await silent.probe();
      const launching = silent.launch(spec, { signal: abort.signal });
      const pidPath = join(spec.runDirectory, 'pid');
      await until(() => existsSync(pidPath));
      abort.abort(new Error('no more'));
      await assert.rejects(launching, { message: 'no more' });
      assert.throws(() => process.kill(Number(readFileSync(pidPath)), 0), { code: 'ESRCH' });
    }));

  it('a control socket in use by another process is named in the error', () =>
    withSpec(async (spec) => {
      await using vm = await driver.launch(spec);
      await assert.rejects(new QemuDriver().adopt(vm.record), {
        reason: 'HYPERVISOR_UNREACHABLE',
        message: /another program may be connected to it/,
      });
      await vm.kill();
    }));

  it('QEMU’s files are in the run directory, and its sockets are removed at an orderly end', () =>
    withSpec(async (spec) => {
      await using vm = await driver.launch(spec);
      const names = await readdir(spec.runDirectory);
      for (const name of ['qmp.sock', 'console.sock', 'qemu.pid', 'qemu.log', 'org.innkeeper.agent.0.sock']) {
        assert.ok(names.includes(name), name);
      }
      process.kill(vm.process?.pid ?? Number.NaN, 'SIGTERM');
      const end = await vm.ended;
      assert.equal(end.kind, 'killed');
      assert.match(end.lastLines, /terminating on signal 15/);
      assert.equal(existsSync(join(spec.runDirectory, 'qemu.pid')), false);
    }));
});

/** A program that answers the probe like QEMU and then never listens. */
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

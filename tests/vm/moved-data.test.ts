import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VmState } from '@innkeeper/contract/control';
import { type Daemon, startDaemon } from './daemon.ts';
import { guestShell } from './guest-shell.ts';
import { innText } from './inn.ts';
import { keptCache } from './kept-folder.ts';
import { cleanUp, createTestVm, isConnected, showVm, waitForVm } from './vm-state.ts';

const [running, stopped] = ['test-moved-running', 'test-moved-stopped'];

describe('a data folder that is renamed between two daemons', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-moved-'));
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  let daemon: Daemon;

  before(async () => {
    // What images are built of is kept between runs; the kernels are used from there.
    mkdirSync(from);
    symlinkSync(keptCache, join(from, 'cache'));
    daemon = await startDaemon(from);
    for (const name of [running, stopped]) await createTestVm(daemon, name, 'tiny', 120_000);
    for (const name of [running, stopped]) await guestShell(name, 'echo kept >/root/kept; sync', daemon);
    await innText(['stop', stopped], daemon);
  });
  after(async () => {
    await cleanUp(daemon, [running, stopped]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps its running VM, and starts both VMs again with what is on their disks', async () => {
    const { hypervisor } = await showVm(running, from);
    await daemon[Symbol.asyncDispose]();
    renameSync(from, to);
    daemon = await startDaemon(to);
    const isFound = (vm: Parameters<typeof isConnected>[0]): boolean => isConnected(vm) && vm.hypervisor !== undefined;
    const found = await waitForVm(running, to, isFound);
    assert.equal(found.hypervisor?.pid, hypervisor?.pid);
    assert.equal(await guestShell(running, 'cat /root/kept', daemon), 'kept\n');
    await innText(['stop', running], daemon);
    for (const name of [running, stopped]) {
      assert.equal((await showVm(name, to)).state, VmState.STOPPED);
      await innText(['start', name], daemon);
      await waitForVm(name, to, isConnected);
      assert.equal(await guestShell(name, 'cat /root/kept', daemon), 'kept\n');
    }
  });
});

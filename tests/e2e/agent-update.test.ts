import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { programOfVersion, writeProgram } from '../../apps/agent/testing/signed-update.ts';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const vm = 'old-1';

describe('an outdated agent in the web console', () => {
  let web: WebConsole;
  let page: Page;
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-e2e-agent-'));
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await web.daemon.createVm(vm);
    const path = join(folder, `innkeeper-agent-linux-${process.arch}`);
    await writeProgram(path, await programOfVersion('0.1.9'));
    await web.daemon.pause();
    await web.daemon.resume('--agent-binary', path);
  });
  after(async () => {
    await web?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('the overview, the list and the page of the VM mark the agent as outdated, with both versions', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: '1 Outdated agents' }).click();
    const row = page.getByRole('row').filter({ hasText: vm });
    await row.getByText('outdated', { exact: true }).waitFor();
    assert.deepEqual(await checkPage(page, 'agent-outdated-list'), []);
    await page.goto(`/vms/${vm}/agent`);
    await page.getByText('The agent is outdated: the daemon has 0.1.9.').waitFor();
    await page.getByText(`inn agent update ${vm}`).waitFor();
    await page.getByText('0.1.0', { exact: true }).waitFor();
    assert.deepEqual(await checkPage(page, 'agent-outdated'), []);
  });

  it('the update of an agent is disabled without guest.admin', async () => {
    await web.daemon.call('AccessService/CreateUser', { name: 'vera', roles: [{ role: 'viewer', scope: '*' }] });
    const context = await web.newContext();
    const vera = await web.logIn(context, 'vera');
    await vera.goto(`/vms/${vm}/agent`);
    await vera.getByText('The agent is outdated').waitFor();
    assert.ok(await vera.getByRole('button', { name: 'Update agent' }).isDisabled());
    await context.close();
  });

  it('an update of the agent asks first, shows how far it is, and removes the mark', async () => {
    await page.getByRole('button', { name: 'Update agent' }).click();
    const dialog = page.getByRole('dialog', { name: `Update the agent of ${vm}?` });
    await dialog.getByText('Commands and terminals go on.').waitFor();
    assert.deepEqual(await checkPage(page, 'agent-update-dialog'), []);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });

    const qemu = await qemuOf(vm);
    await page.getByRole('button', { name: 'Update agent' }).click();
    // The update waits for a guest that stands still.
    process.kill(qemu, 'SIGSTOP');
    try {
      await dialog.getByRole('button', { name: 'Update agent' }).click();
      await page.getByRole('progressbar', { name: `Update agent of ${vm}` }).waitFor();
      await page.getByText(/^The agent is being updated: /).waitFor();
      await page.getByRole('link', { name: 'Operations: 1 running' }).waitFor();
      assert.deepEqual(await checkPage(page, 'agent-updating'), []);
    } finally {
      process.kill(qemu, 'SIGCONT');
    }
    await page.getByText(`The agent of ${vm} was updated`).waitFor();
    await page.getByText('The agent is outdated').waitFor({ state: 'detached' });
    await page.getByText('0.1.9', { exact: true }).first().waitFor();
    assert.deepEqual(await checkPage(page, 'agent-updated'), []);
    await page.goto('/');
    await page.getByRole('link', { name: '0 Outdated agents' }).waitFor();
  });

  it('the pages of an outdated agent have no faults', () => {
    assert.deepEqual(web.faults, []);
  });
});

/** The process id of the VM's hypervisor. */
async function qemuOf(name: string): Promise<number> {
  for (const id of await readdir('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`guest=${name}\0`) || command.includes(`guest=${name},`)) return Number(id);
  }
  throw new Error(`No hypervisor of ${name} was found.`);
}

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import type { Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const program = ['/usr/sbin/qemu-ga', '/usr/bin/qemu-ga'].find(existsSync);
const skip = program === undefined && 'qemu-ga is not installed: apt-get install qemu-guest-agent';
const vm = 'theirs';
const reason = 'The protocol of the QEMU guest agent has no word for it';

/** Debian's qemu-ga on this machine is the agent of a VM that somebody else runs. */
describe('an adopted VM in the web console', { skip }, () => {
  let web: WebConsole;
  let page: Page;
  let agent: ChildProcess;
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-e2e-qga-'));
    web = await openConsole();
    page = web.page;
    const socket = join(folder, 'qga.sock');
    const args = ['-m', 'unix-listen', '-p', socket, '-t', folder, '-f', join(folder, 'qga.pid')];
    agent = spawn(program ?? '', args, { stdio: 'ignore' });
    await until(() => existsSync(socket), { what: 'qemu-ga to listen' });
    await web.daemon.call('AdoptService/AdoptVm', { name: vm, agent: `unix:${socket}`, tags: { owner: 'them' } });
  });
  after(async () => {
    agent?.kill('SIGKILL');
    try {
      await web?.daemon.call('AdoptService/ReleaseVm', { vm });
    } finally {
      await web?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }
  });

  const open = async (tab: string): Promise<void> => {
    await page
      .getByRole('navigation', { name: `Tabs of ${vm}` })
      .getByRole('link', { name: tab, exact: true })
      .click();
  };
  const stepTo = (title: string): Promise<void> => page.getByRole('heading', { name: title }).waitFor();

  it('the list has the figures that its agent reports, and no others', async () => {
    await page.goto('/vms');
    const row = page.getByRole('row').filter({ hasText: vm });
    await row.getByText('connected').waitFor();
    await row.getByText('running').waitFor();
    assert.deepEqual(await checkPage(page, 'adopted-list'), []);
  });

  it('its page says whose it is and where its agent is, and offers nothing that only its owner can do', async () => {
    await page.goto(`/vms/${vm}`);
    await page.getByText('adopted by its agent at unix:').waitFor();
    await page.getByText('not known: somebody else runs this VM').waitFor();
    for (const pretended of ['0 CPUs', 'Autostart'])
      assert.equal(await page.getByText(pretended).count(), 0, pretended);
    assert.deepEqual(await checkPage(page, 'adopted-overview'), []);
    for (const name of ['Start', 'Stop', 'Restart'])
      assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
    await page.getByRole('button', { name: 'More actions' }).click();
    assert.ok(await page.getByRole('menuitem', { name: 'Open port' }).isDisabled());
    for (const name of ['Kill', 'Delete']) assert.equal(await page.getByRole('menuitem', { name }).count(), 0, name);
    assert.deepEqual(await checkPage(page, 'adopted-menu'), []);
    await page.keyboard.press('Escape');
  });

  it('tabs of what its agent lacks say why', async () => {
    for (const [tab, title] of [
      ['Terminal', 'Terminals'],
      ['Processes', 'Processes'],
      ['Services', 'Services'],
      ['Inventory', 'Inventories'],
    ] as const) {
      await open(tab);
      await stepTo(`${title} are not available in this guest`);
      await page.getByText(reason).waitFor();
    }
    assert.deepEqual(await checkPage(page, 'adopted-missing'), []);
    await open('Console');
    await stepTo('The console of this VM is not known');
    assert.deepEqual(await checkPage(page, 'adopted-console'), []);
    await open('Agent');
    const row = page.getByRole('row').filter({ hasText: /^exec\.pty/ });
    await row.getByText(reason).waitFor();
    assert.deepEqual(await checkPage(page, 'adopted-agent'), []);
  });

  it('a command runs in it', async () => {
    await page.goto(`/runs/new?vm=${vm}`);
    await page.getByLabel('Command', { exact: true }).last().fill('echo adopted $((40 + 2))');
    await page.getByRole('button', { name: `Run on ${vm}` }).click();
    await page
      .getByRole('region', { name: `Output of ${vm}` })
      .getByText('adopted 42')
      .waitFor();
    assert.deepEqual(await checkPage(page, 'adopted-run'), []);
  });

  it('a VM whose agent does not answer is marked so, with the reason, and without a serial console', async () => {
    await page.goto(`/vms/${vm}/files?path=/etc`);
    await page.getByRole('row').filter({ hasText: 'passwd' }).first().waitFor();
    assert.deepEqual(await checkPage(page, 'adopted-files'), []);
    const ended = once(agent, 'exit');
    agent.kill('SIGKILL');
    await ended;
    await stepTo('The agent is not responding');
    assert.equal(await page.getByText('serial console').count(), 0);
    assert.deepEqual(await checkPage(page, 'adopted-lost'), []);
    await open('Overview');
    await page.getByRole('link', { name: 'About the agent' }).waitFor();
    assert.deepEqual(await checkPage(page, 'adopted-lost-overview'), []);
    assert.deepEqual(web.faults, []);
  });
});

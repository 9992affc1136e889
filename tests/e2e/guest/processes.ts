import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { asViewer, openTab, runInGuest, vm } from './shared-guest.ts';

/** Must be shown as text. */
const markup = '<img src=x onerror=alert(1)>';

/** Processes, signals and measurements. The VM is off afterwards. */
export function processesTests(shared: () => WebConsole): void {
  describe('the processes and metrics of a VM', () => {
    let web: WebConsole;
    let page: Page;
    let endBusyLoop: () => Promise<unknown>;

    before(async () => {
      web = shared();
      page = web.page;
      endBusyLoop = await runInGuest(web, 'while :; do :; done');
      await runInGuest(web, `sleep 1001 & sh -c 'sleep 1002; : "${markup}"' & wait`);
      await openTab(page, 'Processes');
    });

    const rowOf = (text: string): Locator => page.getByRole('row').filter({ hasText: text });

    it('processes are listed by CPU usage, with CPU and memory', async () => {
      const first = page.getByRole('row').nth(1);
      await first.filter({ hasText: 'while' }).waitFor({ timeout: 60_000 });
      await first.filter({ hasText: /[4-9]\d\.\d %|1\d\d\.\d %/ }).waitFor({ timeout: 60_000 });
      assert.deepEqual(await checkPage(page, 'processes'), []);
      // It takes a whole CPU, also of the machine that runs the tests.
      await endBusyLoop();
      await page.getByRole('button', { name: 'Memory', exact: true }).click();
      await page.waitForURL(/sort=memory/);
      await page.getByRole('switch', { name: 'Kernel threads' }).click();
      await rowOf('kthreadd').waitFor();
      assert.equal(
        await rowOf('kthreadd')
          .getByRole('button', { name: /^Signal/ })
          .getAttribute('aria-disabled'),
        'true',
      );
      await page.getByRole('switch', { name: 'Kernel threads' }).click();
      await rowOf('kthreadd').waitFor({ state: 'detached' });
    });

    it('processes are filtered, and full commands with markup are shown as text', async () => {
      await page.getByLabel('Filter processes').fill('sleep 1002');
      await page.waitForURL(/filter=sleep/);
      await rowOf(markup).first().waitFor();
      await rowOf(markup)
        .first()
        .getByRole('button', { name: /show the full command/ })
        .click();
      assert.deepEqual(await checkPage(page, 'processes-whole'), []);
      assert.equal(await page.locator('main img').count(), 0);
      await page.getByLabel('Filter processes').fill('no such thing');
      await page.getByText('No process matches the filter.').waitFor();
      await page.getByLabel('Filter processes').fill('');
    });

    it('a signal is sent after confirmation, to the whole process tree if chosen', async () => {
      await page.getByLabel('Filter processes').fill('1001');
      const top = rowOf('sleep 1001 &').first();
      await top.getByRole('button', { name: /^Signal/ }).click();
      await page.getByRole('menuitemcheckbox', { name: /Whole process tree/ }).click();
      assert.deepEqual(await checkPage(page, 'processes-signal-menu'), []);
      await page.getByRole('menuitem', { name: /^KILL/ }).click();
      const dialog = page.getByRole('dialog', { name: /^Send KILL to/ });
      await dialog.getByText(/^inn signal web-1 \d+ --signal KILL --tree/).waitFor();
      assert.deepEqual(await checkPage(page, 'processes-signal'), []);
      await dialog.getByRole('button', { name: 'Send KILL' }).click();
      await page.getByText(/KILL was sent to/).waitFor();
      await page.getByText('No process matches the filter.').waitFor();
      await page.getByLabel('Filter processes').fill('');
    });

    it('signals are disabled without guest.exec', async () => {
      await asViewer(web, async (vera) => {
        await vera.goto(`/vms/${vm}/processes`);
        const button = vera.getByRole('button', { name: /^Signal / }).first();
        await button.waitFor();
        assert.equal(await button.getAttribute('aria-disabled'), 'true');
        await button.click({ force: true });
        assert.equal(await vera.getByRole('menu').count(), 0);
      });
    });

    it('the metrics tab has charts, ranges, a table and a download', async () => {
      await page.getByRole('link', { name: 'Metrics', exact: true }).click();
      await page.locator('.metrics-charts canvas').first().waitFor({ timeout: 60_000 });
      assert.ok((await page.locator('.metrics-charts canvas').count()) >= 4);
      // Measured by the hypervisor, so it needs no agent.
      const disk = page.getByRole('img', { name: /^Disk I\/O\. Read \(hypervisor\): latest [\d.]+ .*B\/s/ });
      await disk.waitFor({ timeout: 60_000 });
      assert.deepEqual(await checkPage(page, 'metrics'), []);
      await page.getByText('24 h', { exact: true }).click();
      await page.waitForURL(/range=/);
      await page.locator('.metrics-charts canvas').first().waitFor();
      await page.getByText('Table', { exact: true }).click();
      await page.getByRole('table').first().waitFor();
      assert.deepEqual(await checkPage(page, 'metrics-table'), []);
      const starting = page.waitForEvent('download');
      await page.getByRole('button', { name: /CSV/ }).click();
      assert.equal((await starting).suggestedFilename(), `${vm}-metrics.csv`);
    });

    it('the processes tab says that processes are not available while the VM is off', async () => {
      await page.goto(`/vms/${vm}/processes`);
      await page.getByRole('table').waitFor();
      await web.daemon.call('VmService/KillVm', { vm });
      await page.getByRole('heading', { name: `${vm} is not running` }).waitFor();
      assert.deepEqual(await checkPage(page, 'processes-off'), []);
    });

    it('the processes and metrics tabs log no errors', () => {
      assert.deepEqual(web.faults, []);
    });
  });
}

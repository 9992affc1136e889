import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { asViewer, openTab, runInGuest, vm } from './shared-guest.ts';

/** Must be shown as text. */
const markup = '<img src=x onerror=alert(1)>';

/** Hardware, packages and logs of the guest. */
export function inventoryAndLogsTests(shared: () => WebConsole): void {
  describe('the inventory and the logs of a VM', () => {
    let web: WebConsole;
    let page: Page;

    before(async () => {
      web = shared();
      page = web.page;
    });

    const inGuest = (script: string): Promise<unknown> => runInGuest(web, script);
    const log = (): ReturnType<Page['getByRole']> => page.getByRole('region', { name: 'Log', exact: true });

    it('the inventory has the hardware, and says why there are no packages and no containers', async () => {
      await openTab(page, 'Inventory');
      await page
        .getByRole('region', { name: 'Disks table' })
        .getByText(/^[0-9a-f]{4}:/)
        .waitFor();
      await page
        .getByRole('region', { name: 'Users of the guest table' })
        .getByText('guest', { exact: true })
        .first()
        .waitFor();
      await page.getByText(/^No packages: .+\.$/).waitFor();
      await page
        .getByText(/^(docker|podman): not known, .+\.$/i)
        .first()
        .waitFor();
      await page.getByText(`inn inventory ${vm}`).waitFor();
      assert.deepEqual(await checkPage(page, 'inventory'), []);
    });

    it('the kernel’s log is shown where there is no journal, filtered, and can be narrowed to errors', async () => {
      await page.getByRole('link', { name: 'Logs', exact: true }).click();
      await log().getByRole('button').first().waitFor();
      assert.equal(await page.getByLabel('Log', { exact: true }).first().inputValue(), 'kernel');
      await page.getByText(`inn logs ${vm} --dmesg -f`).waitFor();
      assert.deepEqual(await checkPage(page, 'logs-kernel'), []);
      await page.getByLabel('Filter lines').fill('virtio');
      await page.getByText(/^\d+ of \d+ lines$/).waitFor();
      for (const line of await log().getByRole('button').allInnerTexts()) assert.match(line, /virtio/i);
      await page.getByLabel('Filter lines').fill('');
      await page.getByLabel('Priority').selectOption('3');
      await page.waitForURL(/priority=3/);
      await page.getByText(`inn logs ${vm} --dmesg -p 3 -f`).waitFor();
    });

    it('a file is followed, its lines are text, and pausing holds new lines until it is resumed', async () => {
      await inGuest(`mkdir -p /var/log && echo '${markup} one' >/var/log/app.log`);
      await page.goto(`/vms/${vm}/logs?source=file`);
      await page.getByRole('heading', { name: 'Which file?' }).waitFor();
      await page.getByLabel('Path', { exact: true }).fill('/var/log/app.log');
      await page.getByLabel('Path', { exact: true }).press('Enter');
      await log().getByText(`${markup} one`).waitFor();
      await inGuest('echo two >>/var/log/app.log');
      await log().getByText('two', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await inGuest('echo three >>/var/log/app.log');
      await page.getByRole('button', { name: 'Resume' }).click();
      await log().getByText('three', { exact: true }).waitFor();
      await inGuest('echo new >/var/log/app.log');
      await log().getByText('The file was replaced or truncated.').waitFor();
      await log().getByText('two', { exact: true }).click();
      await page.getByRole('region', { name: 'Whole entry' }).getByText('two').waitFor();
      assert.equal(await page.locator('main img').count(), 0);
      assert.deepEqual(await checkPage(page, 'logs-file'), []);
    });

    it('a file that does not exist says so with its path', async () => {
      await page.goto(`/vms/${vm}/logs?source=file&file=/no/such.log`);
      await page
        .getByRole('alert')
        .getByText(/\/no\/such\.log/)
        .first()
        .waitFor();
      assert.deepEqual(await checkPage(page, 'logs-missing'), []);
    });

    it('a viewer cannot read the kernel’s log, and sees which privilege is missing', async () => {
      await asViewer(web, async (vera) => {
        await vera.goto(`/vms/${vm}/logs`);
        await vera.getByText('You lack the privilege guest.exec on this VM: a log may contain secrets.').waitFor();
      });
    });

    it('the pages of inventory and logs have no faults', () => {
      assert.deepEqual(web.faults, []);
    });
  });
}

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { openTab, vm } from './shared-guest.ts';

/** Interfaces of the guest. It has another address afterwards. */
export function networkTests(shared: () => WebConsole): void {
  describe('the network of a VM', () => {
    let web: WebConsole;
    let page: Page;

    before(async () => {
      web = shared();
      page = web.page;
      await openTab(page, 'Network');
      await page.getByRole('row').filter({ hasText: '10.0.2.15/24' }).waitFor({ timeout: 60_000 });
    });

    it('the tab shows interfaces, routes, name servers and what keeps the configuration', async () => {
      await page.getByText('default via 10.0.2.2').waitFor();
      await page.getByText('tiny', { exact: true }).waitFor();
      assert.deepEqual(await checkPage(page, 'network'), []);
    });

    it('an address is changed by keyboard alone, counts down, and is rolled back', async () => {
      await page.getByRole('button', { name: 'Configure eth0' }).focus();
      await page.keyboard.press('Enter');
      const addresses = page.getByLabel('IPv4 addresses');
      await addresses.focus();
      await page.keyboard.press('Control+a');
      await page.keyboard.type('10.0.2.78');
      await page.getByText('10.0.2.78 needs the length of its prefix, such as 10.0.2.78/24.').waitFor();
      await page.keyboard.type('/24');
      await page.getByText(`inn network set ${vm} --interface eth0 --address 10.0.2.78/24`).waitFor();
      assert.deepEqual(await checkPage(page, 'network-form'), []);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Confirm the change' }).waitFor({ timeout: 60_000 });
      await page.getByText(/restores its earlier network in/).waitFor();
      await page.getByRole('row').filter({ hasText: '10.0.2.78/24' }).waitFor();
      assert.deepEqual(await checkPage(page, 'network-pending'), []);
      await page.getByRole('button', { name: 'Roll back' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('It was rolled back on request.').waitFor({ timeout: 60_000 });
      await page.getByRole('row').filter({ hasText: '10.0.2.15/24' }).waitFor({ timeout: 60_000 });
    });

    it('a change that is confirmed stays', async () => {
      await page.getByRole('button', { name: 'Configure eth0' }).click();
      await page.getByLabel('IPv4 addresses').fill('10.0.2.79/24');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('button', { name: 'Confirm', exact: true }).click({ timeout: 60_000 });
      await page.getByText('confirmed', { exact: true }).waitFor({ timeout: 60_000 });
      await page.getByRole('row').filter({ hasText: '10.0.2.79/24' }).waitFor();
      assert.deepEqual(web.faults, []);
    });
  });
}

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { openTab } from './shared-guest.ts';

const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'C'.repeat(43)} me@browser`;

/** Users of the guest. The guest has another host name afterwards. */
export function accountsTests(shared: () => WebConsole): void {
  describe('the accounts of a VM', () => {
    let page: Page;

    before(async () => {
      ({ page } = shared());
      await openTab(page, 'Accounts');
      await rowOf('guest').waitFor({ timeout: 60_000 });
    });

    const rowOf = (name: string): Locator =>
      page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });

    it('a password is set in a dialog that refuses two different ones, and the account can then be locked', async () => {
      await rowOf('guest').filter({ hasText: 'none' }).waitFor();
      assert.deepEqual(await checkPage(page, 'accounts'), []);
      await rowOf('guest').getByRole('button', { name: 'Set password' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('New password').fill('first one');
      await dialog.getByLabel('Again').fill('another');
      await dialog.getByText('They are not the same').waitFor();
      assert.ok(await dialog.getByRole('button', { name: 'Set password' }).isDisabled());
      await dialog.getByLabel('Again').fill('first one');
      await dialog.getByRole('button', { name: 'Set password' }).click();
      await rowOf('guest').filter({ hasText: 'set' }).waitFor();
      await rowOf('guest').getByRole('button', { name: 'More for guest' }).click();
      await page.getByRole('menuitem', { name: 'Lock' }).click();
      await rowOf('guest').filter({ hasText: 'locked' }).waitFor();
    });

    it('a pasted SSH key is added and removed', async () => {
      await rowOf('guest').getByRole('button', { name: 'SSH keys' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('New keys').fill(key);
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.waitFor({ state: 'detached' });
      await rowOf('guest').getByRole('button', { name: 'SSH keys' }).click();
      await dialog.getByText('me@browser').waitFor();
      await dialog.getByRole('button', { name: 'Remove' }).click();
      await dialog.getByText('This account has no keys.').waitFor();
      await dialog.getByRole('button', { name: 'Cancel' }).click();
    });

    it('the host name is shown, and changed', async () => {
      await page.getByText('Names and region').waitFor();
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Host name').fill('renamed-here');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText('renamed-here').first().waitFor();
    });
  });
}

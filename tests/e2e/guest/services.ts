import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { asViewer, openTab, runInGuest, vm } from './shared-guest.ts';

/** Must be shown as text. */
const markup = '<img src=x onerror=alert(1)>';

/** Two scripts as an OpenRC of the tiny guest. Its agent is started again: it looks for an init system at its start. */
const openrc = `mkdir -p /run/openrc/started /run/openrc/failed /etc/init.d /etc/runlevels/default
printf '#!/bin/sh\\ndescription="${markup}"\\n' >/etc/init.d/shop
printf '#!/bin/sh\\ndescription="Broken"\\n' >/etc/init.d/broken
touch /run/openrc/started/shop /run/openrc/failed/broken
cat >/sbin/rc-service <<'END'
#!/bin/sh
case $2 in
  stop) rm -f /run/openrc/started/$1;;
  start) touch /run/openrc/started/$1;;
  status) [ $1 = broken ] && exit 32; [ -e /run/openrc/started/$1 ] || exit 3;;
esac
END
printf '#!/bin/sh\\n[ $1 = add ] && touch /etc/runlevels/$3/$2 || rm /etc/runlevels/$3/$2\\n' >/sbin/rc-update
chmod 755 /etc/init.d/* /sbin/rc-service /sbin/rc-update
kill -9 $(pidof innkeeper-agent)`;

/** Services of the guest, which has some afterwards. */
export function servicesTests(shared: () => WebConsole): void {
  describe('the services of a VM', () => {
    let web: WebConsole;
    let page: Page;

    before(async () => {
      web = shared();
      page = web.page;
    });

    const rowOf = (text: string): Locator => page.getByRole('row').filter({ hasText: text });
    const choose = async (service: string, action: string): Promise<void> => {
      await page.getByRole('button', { name: `Actions on ${service}` }).click();
      await page.getByRole('menuitem', { name: action, exact: true }).click();
    };

    it('a guest without services says why it has none', async () => {
      await openTab(page, 'Services');
      await page.getByRole('heading', { name: 'Services are not available in this guest' }).waitFor();
      await page.getByText(/busybox’s inittab/).waitFor();
      assert.deepEqual(await checkPage(page, 'services-none'), []);
    });

    it('services are listed with the failed ones first, filtered, and shown as text', async () => {
      await runInGuest(web, openrc);
      await page.getByRole('table').waitFor({ timeout: 60_000 });
      await page
        .getByRole('row')
        .nth(1)
        .filter({ hasText: /broken.*failed/ })
        .waitFor();
      await rowOf(markup).waitFor();
      await page.getByText(/^\d services \(openrc\)/).waitFor();
      assert.deepEqual(await checkPage(page, 'services'), []);
      await page.getByLabel('State', { exact: true }).selectOption('failed');
      await page.waitForURL(/state=failed/);
      await rowOf('shop').waitFor({ state: 'detached' });
      await page.getByLabel('State', { exact: true }).selectOption('');
      await page.getByLabel('Filter services').fill('no such thing');
      await page.getByText('No service matches the filter.').waitFor();
      await page.getByLabel('Filter services').fill('');
      await rowOf('broken')
        .getByRole('button', { name: /^broken/ })
        .click();
      await page.getByText('No log: OpenRC keeps no log of a service.').waitFor();
      assert.deepEqual(await checkPage(page, 'services-open'), []);
      assert.equal(await page.locator('main img').count(), 0);
    });

    it('filters that are changed right after each other all count, and what is typed stays', async () => {
      await page.getByLabel('State', { exact: true }).selectOption('failed');
      await rowOf('shop').waitFor({ state: 'detached' });
      const typed = await page.evaluate(() => {
        const state = document.querySelector<HTMLSelectElement>('select[aria-label="State"]');
        const filter = document.querySelector<HTMLInputElement>('[aria-label="Filter services"]');
        if (state === null || filter === null) return undefined;
        // As a user does on a busy machine: nothing is rendered in between.
        const enter = (element: HTMLInputElement | HTMLSelectElement, value: string, event: string): string => {
          Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value')?.set?.call(element, value);
          element.dispatchEvent(new Event(event, { bubbles: true }));
          return element.value;
        };
        enter(state, '', 'change');
        return [enter(filter, 's', 'input'), enter(filter, 'sh', 'input')];
      });
      assert.deepEqual(typed, ['s', 'sh']);
      await page.waitForURL((url) => url.search === '?filter=sh');
      await rowOf('shop').waitFor();
      await page.getByLabel('Filter services').fill('');
      await rowOf('broken').waitFor();
    });

    it('a service is stopped after confirmation, and enabled without one', async () => {
      await choose('shop', 'Stop');
      const dialog = page.getByRole('dialog', { name: 'Stop: shop?' });
      await dialog.getByText(`inn services stop ${vm} shop`).waitFor();
      assert.deepEqual(await checkPage(page, 'services-stop'), []);
      await dialog.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('shop is stopped').waitFor();
      await rowOf('shop').filter({ hasText: 'stopped' }).waitFor();
      await choose('shop', 'Enable at boot');
      await page.getByText('shop is enabled').waitFor();
      await rowOf('shop').filter({ hasText: 'enabled' }).waitFor();
    });

    it('actions on services are disabled without guest.admin', async () => {
      await asViewer(web, async (vera) => {
        await vera.goto(`/vms/${vm}/services`);
        const button = vera.getByRole('button', { name: 'Actions on shop' });
        await button.waitFor();
        assert.equal(await button.getAttribute('aria-disabled'), 'true');
        await button.click({ force: true });
        assert.equal(await vera.getByRole('menu').count(), 0);
      });
    });

    it('the page of services has no faults', () => {
      assert.deepEqual(web.faults, []);
    });
  });
}

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, type WebConsole } from '../console.ts';
import { runInGuest, vm } from './shared-guest.ts';

/** The agent reads its file when it starts. */
const limit = `mkdir -p /etc/innkeeper
printf '[policy]\\nfeatures_only = ["inventory"]\\n' >/etc/innkeeper/agent.toml
kill -9 $(pidof innkeeper-agent)`;
const reason = /the guest’s policy: features_only in line 2 of \/etc\/innkeeper\/agent\.toml/;

/** What the guest’s own policy turns off. The VM is off before, and its host can do little there afterwards. */
export function policyTests(shared: () => WebConsole): void {
  describe('a VM whose guest limits its host', () => {
    let web: WebConsole;
    let page: Page;

    before(async () => {
      web = shared();
      page = web.page;
      await web.daemon.startVm(vm);
    });

    it('pages of what is off say that the guest’s policy is the reason, with its rule', async () => {
      await page.goto(`/vms/${vm}/files`);
      await runInGuest(web, limit);
      for (const [link, title] of [
        ['Files', 'Files'],
        ['Terminal', 'Terminals'],
        ['Processes', 'Processes'],
        ['Accounts', 'Accounts'],
      ] as const) {
        await page.getByRole('link', { name: link, exact: true }).click();
        await page
          .getByRole('heading', { name: `${title} are not available in this guest` })
          .waitFor({ timeout: 60_000 });
        await page.getByText(reason).waitFor();
      }
      assert.deepEqual(await checkPage(page, 'policy-off'), []);
    });

    it('the page of the agent lists what is off and why', async () => {
      await page.getByRole('link', { name: 'All capabilities of the agent' }).click();
      const row = page.getByRole('row').filter({ hasText: /^exec/ });
      await row.first().getByText(reason).waitFor();
      assert.deepEqual(await checkPage(page, 'policy-agent'), []);
    });
  });
}

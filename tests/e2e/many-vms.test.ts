import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import type { Browser, Page } from 'playwright-core';
import { ApiServer } from '../../apps/innkeeper/src/api/api-server.ts';
import { type ServedApi, serveApi } from '../../apps/innkeeper/src/api/testing/serve-api.ts';
import { FleetIndex } from '../../apps/innkeeper/src/node/fleet/fleet-index.ts';
import { History } from '../../apps/innkeeper/src/node/history/history.ts';
import { createLocalNode } from '../../apps/innkeeper/src/node/local-node.ts';
import { FakeVms } from '../bench/control/fake-vms.ts';
import { checkPage, openBrowser } from './console.ts';

const webFolder = join(import.meta.dirname, '..', '..', 'dist', 'web');
const loopback = { kind: 'tcp', isSecure: false, hosts: { isLoopback: true, names: [] } } as const;

describe('10,000 VMs in the browser', () => {
  let api: ServedApi;
  let server: ApiServer;
  let browser: Browser;
  let page: Page;
  let reports: NodeJS.Timeout;
  before(async () => {
    api = await serveApi({});
    const vms = new FakeVms(10_000);
    const local = createLocalNode(api.node);
    const source = { list: () => vms.list(), byId: (id: string) => vms.byId(id) };
    const onChange = (listener: (id: string) => void): (() => void) => vms.onChange(listener);
    const node = { ...local, vms: { ...local.vms, ...source, onChange }, fleet: new FleetIndex(vms, '0.2.0') };
    const history = new History({ blocks: api.store.history, log: silentLog });
    server = new ApiServer({
      node,
      history,
      access: api.access,
      runs: api.runs,
      terminals: api.terminals,
      log: silentLog,
      webFolder,
    });
    const port = await server.listenTcp({ where: { host: '127.0.0.1', port: 0 }, listener: loopback });
    reports = setInterval(() => vms.report(200), 200);
    browser = await openBrowser();
    const context = await browser.newContext({ baseURL: `http://127.0.0.1:${port}`, locale: 'en-GB' });
    page = await context.newPage();
    await page.goto((await api.access.firstLoginPath()) ?? '');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  after(async () => {
    clearInterval(reports);
    await browser.close();
    await server[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  it('the overview counts 10,000 VMs, each count a link to the VMs counted', async () => {
    await page.getByRole('link', { name: '10,000 Outdated agents' }).click();
    await page.waitForURL(/filter=agent%3Aoutdated/);
    await page.getByText('10,000 match').waitFor();
  });

  it('the list of 10,000 VMs renders only visible rows, down to the last one', async () => {
    await page.goto('/vms');
    await page.getByRole('link', { name: 'vm-0', exact: true }).waitFor();
    assert.ok((await page.getByRole('row').count()) < 60);
    assert.deepEqual(await checkPage(page, 'vms-many'), []);
    await page.getByRole('table').evaluate((table) => {
      if (table.parentElement !== null) table.parentElement.scrollTop = table.parentElement.scrollHeight;
    });
    await page.getByRole('link', { name: 'vm-9999', exact: true }).waitFor();
    assert.ok((await page.getByRole('row').count()) < 60);
  });

  it('in the VM list, arrow keys move, Space selects and Enter opens', async () => {
    await page.goto('/vms');
    await page.getByRole('link', { name: 'vm-0', exact: true }).waitFor();
    await page.locator('[data-row="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.getByText('1 selected').waitFor();
    await page.getByRole('button', { name: /Select all 1,000 of 10,000/ }).click();
    await page.getByText('1000 selected').waitFor();
    assert.deepEqual(await checkPage(page, 'vms-selected'), []);
    await page.locator('[data-row="2"]').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'vm-2' }).waitFor();
  });

  it('the page stays responsive while 2,000 VMs report every second', async () => {
    await page.goto('/vms?sort=-cpu');
    await page.getByRole('link', { name: /^vm-/ }).first().waitFor();
    const longestMs = await page.evaluate(async () => {
      let longest = 0;
      let last = performance.now();
      for (const end = last + 5000; last < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
      }
      return longest;
    });
    assert.ok(longestMs < 500, `the page was blocked for ${Math.round(longestMs)} ms`);
  });
});

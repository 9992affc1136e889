import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const markup = '<img src=x onerror="document.title=1">';

describe('the web console under adverse conditions', () => {
  let web: WebConsole;
  let page: Page;
  before(async () => {
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await web.daemon.createVm('web-1', { note: markup, [markup]: '' });
  });
  after(() => web[Symbol.asyncDispose]());

  it('markup in tags and addresses is not interpreted', async () => {
    await page.goto('/vms');
    await page.getByRole('link', { name: `note=${markup}` }).waitFor();
    await page.goto('/vms/web-1');
    await page.getByRole('link', { name: markup, exact: true }).waitFor();
    await page.goto(`/vms/${encodeURIComponent(markup)}`);
    await page.getByRole('alert').waitFor();
    assert.equal(await page.locator('img').count(), 0);
    assert.notEqual(await page.title(), '1');
  });

  it('seven tabs share one WebSocket, and all are live', async () => {
    const sockets: string[] = [];
    const tabs = await Promise.all(
      Array.from({ length: 7 }, async () => {
        const tab = await web.context.newPage();
        tab.on('websocket', (socket) => sockets.push(socket.url()));
        await tab.goto('/vms/web-1');
        return tab;
      }),
    );
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Stop' }).waitFor()));
    // The only socket belongs to the shared worker; no page opens one.
    assert.deepEqual(sockets, []);
    const { id } = await web.daemon.call<{ id: string }>('VmService/KillVm', { vm: 'web-1' });
    assert.notEqual(id, '');
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Start', exact: true }).waitFor()));
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  it('the console says that the daemon is not reachable, and reconnects when it is back', async () => {
    await page.goto('/vms/web-1');
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
    await web.daemon.pause();
    await page.getByText('No connection to the daemon since').waitFor();
    assert.deepEqual(await checkPage(page, 'daemon-away'), []);
    await web.daemon.resume();
    await page.getByText('No connection to the daemon since').waitFor({ state: 'detached' });
    await web.daemon.call('VmService/StartVm', { vm: 'web-1' });
    await page.getByRole('button', { name: 'Stop' }).waitFor();
  });

  it('the console redirects to the login when the session was ended elsewhere, and keeps the address', async () => {
    await page.goto('/vms?filter=web');
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    const other = await web.newContext();
    const elsewhere = await web.logIn(other);
    await elsewhere.goto('/settings/sessions');
    await elsewhere.getByRole('button', { name: 'Log out everywhere' }).click();
    await elsewhere.getByRole('dialog').getByRole('button', { name: 'Log out everywhere' }).click();
    await elsewhere.getByRole('button', { name: 'Log in' }).waitFor();
    await page.getByRole('button', { name: 'Log in' }).waitFor({ timeout: 30_000 });
    assert.match(page.url(), /next=%2Fvms%3Ffilter%3Dweb/);
    await other.close();
  });

  it('the pages log no errors under adverse conditions', () => {
    assert.deepEqual(web.faults, []);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';
import { savedScreen, screenShows, typeInto } from './screen.ts';

describe('the serial console', () => {
  let web: WebConsole;
  let page: Page;
  let other: Page;
  before(async () => {
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await web.daemon.createVm('web-1');
    await web.daemon.call('AccessService/CreateUser', { name: 'olga', roles: [{ role: 'operator', scope: '*' }] });
    other = await web.logIn(await web.newContext(), 'olga');
  });
  after(() => web[Symbol.asyncDispose]());

  const type = (text: string): Promise<void> => typeInto(page, 'Serial console', text);

  it('the serial console shows the output since the VM’s start to several viewers, read-only', async () => {
    for (const each of [page, other]) {
      await each.goto('/vms/web-1/console');
      await screenShows(each, 'Please press Enter');
      await each.getByText('Nobody has the keyboard').waitFor();
    }
    await type('echo no');
    await page.getByText('Take the keyboard to type.').waitFor();
    assert.deepEqual(await checkPage(page, 'console'), []);
    await page.getByRole('textbox', { name: 'Serial console' }).focus();
    await page.keyboard.press('Tab');
    assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'TEXTAREA');
  });

  it('one viewer becomes the writer of the serial console, and all see who it is', async () => {
    await page.getByRole('button', { name: 'Take the keyboard' }).click();
    await page.getByText('You have the keyboard').waitFor();
    await other.getByText('admin has the keyboard').waitFor();
    await type('\n');
    await type('echo serial $((1+1))\n');
    await screenShows(page, /^serial 2/);
    await screenShows(other, /^serial 2/);
    assert.deepEqual(await checkPage(page, 'console-writer'), []);
    assert.deepEqual(await checkPage(other, 'console-viewer'), []);
  });

  it('the key menu sends Ctrl+C to the serial console', async () => {
    await type('cat\n');
    await page.getByRole('button', { name: 'Send a key' }).click();
    await page.getByRole('menuitem', { name: /Ctrl\+C/ }).click();
    await type('echo after $((1+1))\n');
    await screenShows(page, /^after 2/);
  });

  it('the serial console is taken over by another writer, and released', async () => {
    await other.getByRole('button', { name: 'Take over' }).click();
    await other.getByText('You have the keyboard').waitFor();
    await page.getByText('olga has the keyboard').waitFor();
    await type('x');
    await page.getByText('Take over to type.').waitFor();
    await typeInto(other, 'Serial console', 'echo of $((1+1))\n');
    await screenShows(page, /^of 2/);
    await other.getByRole('button', { name: 'Release the keyboard' }).click();
    await page.getByText('Nobody has the keyboard').waitFor();
  });

  it('the history of the serial console is saved as text', async () => {
    const text = await savedScreen(page);
    assert.match(text, /Please press Enter/);
    assert.match(text, /^of 2$/m);
  });

  it('the serial console reconnects after the daemon was killed, with history and keyboard', async () => {
    await page.getByRole('button', { name: 'Take the keyboard' }).click();
    await page.getByText('You have the keyboard').waitFor();
    await web.daemon.pause();
    await page.getByText('Connection lost. Reconnecting.').waitFor();
    await web.daemon.resume();
    await page.getByText('You have the keyboard').waitFor();
    await type('echo again $((1+1))\n');
    await screenShows(page, /^again 2/);
  });

  it('the serial console keeps the last output when the VM stops, and continues when it starts', async () => {
    await web.daemon.call('VmService/KillVm', { vm: 'web-1' });
    await page.getByText('The VM has stopped. This was its last output.').waitFor();
    await screenShows(page, /^again 2/);
    assert.deepEqual(await checkPage(page, 'console-stopped'), []);
    await other.reload();
    await other.getByRole('heading', { name: 'web-1 is not running' }).waitFor();
    assert.deepEqual(await checkPage(other, 'console-off'), []);
    await page.getByRole('button', { name: 'Start web-1' }).click();
    await screenShows(page, 'Please press Enter', 60_000);
    await page.getByText('Nobody has the keyboard').waitFor();
  });

  it('the page of the serial console logs no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});

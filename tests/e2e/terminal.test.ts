import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

describe('the terminal', () => {
  let web: WebConsole;
  let page: Page;
  before(async () => {
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await web.daemon.createVm('web-1');
  });
  after(() => web[Symbol.asyncDispose]());

  it('offers a first terminal, and opens it', async () => {
    await page.goto('/vms/web-1/terminal');
    await page.getByRole('heading', { name: 'No terminal is open' }).waitFor();
    assert.deepEqual(await checkPage(page, 'terminal-empty'), []);
    await page.getByRole('button', { name: 'New terminal', exact: true }).click();
    await type(page, 'echo it is $((6 * 7))\n');
    await shows(page, 'it is 42');
    await page.waitForURL(/terminal=/);
    assert.deepEqual(await checkPage(page, 'terminal'), []);
  });
});

/** Types into the terminal, key by key. */
async function type(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Terminal', exact: true }).pressSequentially(text);
}

/** Waits until a line of the screen has it. */
async function shows(page: Page, text: string): Promise<void> {
  await page.locator('.xterm-accessibility-tree').getByText(text).first().waitFor();
}

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openConsole, screenshotFolder, type WebConsole } from './console.ts';

/** If set, updates the picture in the README; otherwise no tracked file is changed. */
const writesReadme = process.env['INNKEEPER_README_PICTURE'] === '1';
const folder = writesReadme ? join(import.meta.dirname, '..', '..', 'docs', 'images') : screenshotFolder;

/** Keeps the VM busy enough for non-zero figures. */
const work = 'while true; do i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; sleep 1; done';

describe('the picture in the README', () => {
  let web: WebConsole;
  before(async () => {
    web = await openConsole();
    await web.daemon.addTinyImage();
    await web.daemon.createVm('web-1', { env: 'prod', team: 'shop' });
  });
  after(() => web[Symbol.asyncDispose]());

  it('the picture in the README shows the overview of a running VM', async () => {
    const { page } = web;
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await web.daemon.call('TerminalService/CreateTerminal', { vm: 'web-1', argv: ['/bin/sh', '-c', work] });
    await page.goto('/vms/web-1');
    await page.getByRole('table').filter({ hasText: 'ext4' }).waitFor();
    // Waits for the second report after the work began, and for the hypervisor's figures.
    const first = await page.locator('.meters').textContent();
    await page.waitForFunction((before) => document.querySelector('.meters')?.textContent !== before, first);
    await page.locator('.usage-card').filter({ hasNotText: '–' }).waitFor();
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, 'web-console.png') });
    assert.deepEqual(web.faults, []);
  });
});

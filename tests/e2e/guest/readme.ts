import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { screenshotFolder, type WebConsole } from '../console.ts';
import { vm } from './shared-guest.ts';

/** If set, updates the picture in the README; otherwise no tracked file is changed. */
const writesReadme = process.env['INNKEEPER_README_PICTURE'] === '1';
const folder = writesReadme ? join(import.meta.dirname, '..', '..', '..', 'docs', 'images') : screenshotFolder;

/** Keeps the VM busy enough for non-zero figures. */
const work = 'while true; do i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; sleep 1; done';

/** Of a VM in which nothing was done before; its viewport is the picture's only while that is taken. */
export function readmeTests(shared: () => WebConsole): void {
  it('the picture in the README shows the overview of a running VM', async () => {
    const web = shared();
    const { page } = web;
    const size = page.viewportSize();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    const terminal = { vm, argv: ['/bin/sh', '-c', work] };
    const { id } = await web.daemon.call<{ id: string }>('TerminalService/CreateTerminal', terminal);
    await page.goto(`/vms/${vm}`);
    await page.getByRole('table').filter({ hasText: 'ext4' }).waitFor();
    // Waits for the second report after the work began, and for the hypervisor's figures.
    const first = await page.locator('.meters').textContent();
    await page.waitForFunction((before) => document.querySelector('.meters')?.textContent !== before, first);
    await page.locator('.usage-card').filter({ hasNotText: '–' }).waitFor();
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, 'web-console.png') });
    // The first time ends it, the second time takes it off the list.
    for (const _ of [1, 2]) await web.daemon.call('TerminalService/CloseTerminal', { vm, id });
    if (size !== null) await page.setViewportSize(size);
    assert.deepEqual(web.faults, []);
  });
}

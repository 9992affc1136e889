import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import type { CDPSession, Locator, Page, Request } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const mib = 1024 * 1024;
/** Where file system tools are in Debian. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** What needs no running VM: images, the node, and the settings of a VM that was never started. */
describe('images, the node, and the settings of a stopped VM', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-e2e-images-'));
  const disk = join(folder, 'My disk.raw');
  let web: WebConsole;
  let page: Page;
  let network: CDPSession;
  /** Offsets at which uploads began. */
  const offsets: number[] = [];

  before(async () => {
    writeFileSync(disk, randomBytes(24 * mib));
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', disk], { env });
    web = await openConsole();
    page = web.page;
    page.on('request', (request: Request) => {
      const offset = new URL(request.url()).searchParams.get('offset');
      if (request.method() === 'PUT' && offset !== null) offsets.push(Number(offset));
    });
    network = await web.context.newCDPSession(page);
    await network.send('Network.enable');
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const limitUploads = (bytesPerSecond: number): Promise<unknown> =>
    network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: bytesPerSecond,
    });
  const rowOf = (name: string): Locator =>
    page.locator('.image-item').filter({ has: page.getByText(name, { exact: true }) });
  const checksum = (): Locator => page.getByRole('textbox', { name: 'SHA-256' });
  const untilPercent = async (name: string, percent: number): Promise<void> => {
    const bar = page.getByRole('progressbar', { name, exact: true });
    await until(async () => Number(await bar.getAttribute('value')) >= percent, { withinMs: 60_000 });
  };

  it('an image is uploaded with its checksum and progress, and resumes after the daemon was killed', async () => {
    await page.goto('/images');
    await page.getByRole('heading', { name: 'No image yet' }).waitFor();
    await page.getByRole('button', { name: 'Add an image' }).click();
    await page.locator('input[type=file]').setInputFiles(disk);
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'my-disk');
    await checksum().fill('abc');
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByText('A SHA-256 has 64 hexadecimal digits.').waitFor();
    assert.deepEqual(await checkPage(page, 'images-add'), []);
    await checksum().fill(createHash('sha256').update(readFileSync(disk)).digest('hex'));
    await limitUploads(mib);
    await page.getByRole('button', { name: 'Upload' }).click();
    await untilPercent('my-disk', 10);
    assert.deepEqual(await checkPage(page, 'images-upload'), []);
    await web.daemon.pause();
    await page.getByText('interrupted; resumes automatically').waitFor();
    await limitUploads(-1);
    await web.daemon.resume();
    await rowOf('my-disk').waitFor();
    await page.getByText('1 of 1 finished').waitFor();
    assert.equal(offsets[0], 0);
    assert.ok((offsets.at(-1) ?? 0) > mib, `it resumed at ${offsets}`);
    assert.deepEqual(await checkPage(page, 'images-uploaded'), []);
  });

  it('an upload that a reload broke off resumes when the file is chosen again', async () => {
    offsets.length = 0;
    const choose = async (): Promise<void> => {
      await page.goto('/images?add=file');
      await page.locator('input[type=file]').setInputFiles(disk);
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('second');
      await page.getByRole('button', { name: 'Upload' }).click();
    };
    await limitUploads(2 * mib);
    await choose();
    await untilPercent('second', 20);
    await limitUploads(-1);
    await choose();
    await rowOf('second').waitFor();
    assert.equal(offsets[0], 0);
    assert.ok((offsets.at(-1) ?? 0) > mib, `it resumed at ${offsets}`);
  });

  it('an upload with another checksum is refused, and no image is added', async () => {
    await page.goto('/images?add=file');
    await page.locator('input[type=file]').setInputFiles(disk);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('third');
    await checksum().fill('0'.repeat(64));
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByText('The image third was not added').waitFor();
    assert.deepEqual(await checkPage(page, 'images-refused'), []);
    assert.equal(await rowOf('third').count(), 0);
  });

  it('the node page shows what the host has and uses, and what is assigned to VMs', async () => {
    await page.goto('/node');
    const host = page.getByRole('region', { name: 'Host' });
    // CPU time is measured between two answers; until then the page says so.
    for (const label of ['CPU', 'Memory', 'Disk']) await host.getByText(new RegExp(`^${label} [\\d.]+ %$`)).waitFor();
    await host.getByText('0 CPUs, 0 B').waitFor();
    await host.getByRole('link', { name: '0', exact: true }).waitFor();
    assert.deepEqual(await checkPage(page, 'node-host'), []);
  });

  it('a stopped VM is renamed, tagged and given CPUs and memory in its settings, and the rename is an event', async () => {
    await web.daemon.call('VmService/CreateVm', {
      name: 'web-1',
      image: 'my-disk',
      cpus: 1,
      memoryBytes: `${256 * mib}`,
      tags: { env: 'test' },
    });
    await page.goto('/vms/web-1');
    await page.getByText('stopped').first().waitFor();
    const settings = async (name: string): Promise<Locator> => {
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Settings' }).click();
      return page.getByRole('dialog', { name: `Settings of ${name}` });
    };
    const dialog = await settings('web-1');
    assert.ok(await dialog.getByRole('button', { name: 'Save' }).isDisabled());
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Web_2');
    await dialog.getByText('Only a-z, 0-9 and').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Save' }).isDisabled());
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('web-2');
    await dialog.getByLabel('CPUs').fill('2');
    await dialog.getByLabel('Memory').fill('512');
    const tags = dialog.getByRole('combobox', { name: 'Tags' });
    await tags.fill('team=shop');
    await tags.press('Enter');
    await dialog.getByText(/inn (set|rename)/).waitFor();
    assert.deepEqual(await checkPage(page, 'vm-settings'), []);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'web-2' }).waitFor();
    await page.waitForURL(/\/vms\/web-2$/);
    const vm = await web.daemon.call<object>('VmService/GetVm', { vm: 'web-2' });
    assert.partialDeepStrictEqual(vm, {
      cpus: 2,
      memoryBytes: `${512 * mib}`,
      tags: { env: 'test', team: 'shop' },
    });
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByText('renamed: from web-1 to web-2').waitFor();
    assert.deepEqual(await checkPage(page, 'vm-renamed'), []);
  });

  it('the pages of images, the node and settings log no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});

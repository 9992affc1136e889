import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import type { Download, Locator, Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

const mib = 1024 * 1024;
const vm = 'files-1';
/** Must be shown as text. */
const markup = '<img src=x onerror=alert(1)><b>bold.txt';

describe('the files of a VM', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-e2e-files-'));
  const large = join(folder, 'large.bin');
  let web: WebConsole;
  let page: Page;

  /** Calls the guest's agent. */
  const guest = (method: string, request: object): Promise<object> =>
    web.daemon.call(`/v1/vms/${vm}/innkeeper.agent.v1.FileService/${method}`, request);

  before(async () => {
    writeFileSync(large, randomBytes(40 * mib));
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await web.daemon.createVm(vm);
    await guest('MakeDirectory', { path: '/srv/site/assets', parents: true });
    await guest('MakeDirectory', { path: `/srv/site/${markup}` });
    await page.goto(`/vms/${vm}`);
    await page.getByRole('link', { name: 'Files', exact: true }).click();
    await page.getByRole('heading', { name: 'This folder is empty' }).waitFor();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const rowOf = (name: string): Locator => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  const menuOf = async (name: string): Promise<void> => {
    await rowOf(name)
      .getByRole('button', { name: `Actions for ${name}` })
      .click();
  };
  const goTo = async (path: string): Promise<void> => {
    await page.goto(`/vms/${vm}/files?path=${encodeURIComponent(path)}`);
    await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
  };
  const saved = async (start: () => Promise<void>): Promise<Buffer> => {
    const starting: Promise<Download> = page.waitForEvent('download');
    await start();
    const download = await starting;
    return readFileSync(await download.path());
  };
  const upload = (...files: readonly string[]): Promise<void> =>
    page.getByLabel('Files to upload').setInputFiles([...files]);

  it('files are browsed by folder and sorted', async () => {
    await goTo('/etc');
    await rowOf('passwd').waitFor();
    assert.deepEqual(await checkPage(page, 'files'), []);
    await page.getByRole('button', { name: 'Size', exact: true }).click();
    await page.waitForURL(/sort=-size/);
    await page.getByRole('link', { name: 'init.d' }).click();
    await rowOf('rcS').waitFor();
    await page
      .getByRole('link', { name: 'Up', exact: true })
      .or(page.getByRole('link', { name: '/', exact: true }))
      .first()
      .click();
    await rowOf('usr').waitFor();
    await page.goBack();
    await rowOf('rcS').waitFor();
  });

  it('a link to a folder opens the folder, by its name and by its target, and a link to a file the file', async () => {
    const script =
      'cd /srv/site; ln -s /etc by-path; ln -s by-path twice; ln -s /etc/passwd to-file; touch linked; exec sleep 60';
    await web.daemon.call('TerminalService/CreateTerminal', { vm, argv: ['/bin/sh', '-c', script] });
    await until(() =>
      guest('Stat', { path: '/srv/site/linked' }).then(
        () => true,
        () => false,
      ),
    );
    for (const name of ['by-path', 'twice']) {
      await goTo('/srv/site');
      await page.getByRole('link', { name, exact: true }).click();
      await rowOf('passwd').waitFor();
      assert.equal(new URL(page.url()).searchParams.get('path'), `/srv/site/${name}`);
    }
    await goTo('/srv/site');
    await page.getByRole('link', { name: '→ /etc', exact: true }).click();
    await rowOf('passwd').waitFor();
    assert.equal(new URL(page.url()).searchParams.get('path'), '/etc');
    await goTo('/srv/site');
    await page.getByRole('link', { name: 'to-file', exact: true }).click();
    await page
      .getByRole('textbox', { name: /passwd|to-file/ })
      .getByText('root:')
      .waitFor();
    for (const name of ['by-path', 'twice', 'to-file', 'linked']) await guest('Remove', { path: `/srv/site/${name}` });
  });

  it('an empty and a missing folder are shown as such', async () => {
    await goTo('/srv/site/assets');
    await page.getByRole('heading', { name: 'This folder is empty' }).waitFor();
    assert.deepEqual(await checkPage(page, 'files-empty'), []);
    await goTo('/nowhere');
    await page.getByRole('alert').getByText('FILE_NOT_FOUND').waitFor();
    assert.deepEqual(await checkPage(page, 'files-not-found'), []);
  });

  it('file names with markup are shown as text', async () => {
    await goTo('/srv/site');
    await page.getByRole('link', { name: markup }).waitFor();
    assert.equal(await page.locator('main img').count(), 0);
    await page.getByRole('link', { name: markup }).click();
    await page.getByRole('heading', { name: 'This folder is empty' }).waitFor();
    assert.equal(await page.locator('main b').count(), 0);
  });

  it('a folder shows by itself what changes in the guest, keeps focus and place, and says it politely', async () => {
    await guest('MakeDirectory', { path: '/srv/live' });
    for (let index = 100; index < 140; index++) await guest('MakeDirectory', { path: `/srv/live/n${index}` });
    await goTo('/srv/live');
    await page.getByText('Live', { exact: true }).waitFor();
    assert.deepEqual(await checkPage(page, 'files-live'), []);
    const news = page.getByRole('status', { name: 'Changes of the folder' });
    const focused = page.getByRole('link', { name: 'n130', exact: true });
    await focused.focus();
    await focused.scrollIntoViewIfNeeded();
    const placeOf = async (): Promise<number> => Math.round((await focused.boundingBox())?.y ?? -1);
    const before = await placeOf();
    await guest('MakeDirectory', { path: '/srv/live/zz' });
    await rowOf('zz').waitFor();
    await news.getByText('zz added').waitFor();
    assert.equal(await focused.evaluate((element) => element === document.activeElement), true);
    assert.equal(await placeOf(), before);
    await guest('Remove', { path: '/srv/live/n130' });
    await rowOf('n130').waitFor({ state: 'detached' });
    await news.getByText('n130 removed').waitFor();
    const next = page.getByRole('link', { name: 'n131', exact: true });
    await until(() => next.evaluate((element) => element === document.activeElement));
    await guest('SetMode', { path: '/srv/live/n131', mode: 0o700 });
    await rowOf('n131').getByText('drwx------').waitFor();
  });

  it('a folder in which much happens is not asked for all the time', async () => {
    await goTo('/srv/live');
    await page.getByText('Live', { exact: true }).waitFor();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('FileService/List')) asked += 1;
    });
    const script = 'cd /srv/live; i=0; while [ $i -lt 2000 ]; do echo $i >busy; i=$((i+1)); done; touch done';
    await web.daemon.call('TerminalService/CreateTerminal', {
      vm,
      argv: ['/bin/sh', '-c', `${script}; exec sleep 60`],
    });
    await rowOf('done').waitFor();
    assert.ok(asked < 8, `${asked} requests`);
    await guest('Remove', { path: '/srv/live', recursive: true });
    await page.getByRole('alert').getByText('FILE_NOT_FOUND').waitFor();
  });

  it('files are uploaded by the file chooser and by dropping', async () => {
    await goTo('/srv/site');
    writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>\n');
    await upload(join(folder, 'index.html'));
    await rowOf('index.html').waitFor();
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['body { color: red }\n'], 'style.css', { type: 'text/css' }));
      return data;
    });
    const zone = page.locator('.files-drop');
    await zone.dispatchEvent('dragover', { dataTransfer: dropped });
    await page.getByText('Upload to /srv/site').waitFor();
    assert.deepEqual(await checkPage(page, 'files-drop'), []);
    await zone.dispatchEvent('drop', { dataTransfer: dropped });
    await rowOf('style.css').waitFor();
    await page.getByText('2 of 2 finished').waitFor();
    await upload(join(folder, 'index.html'));
    await page.getByRole('dialog', { name: 'Replace index.html?' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('an upload resumes after the daemon was killed midway', async () => {
    await goTo('/srv/site/assets');
    // Slow enough to observe.
    const network = await web.context.newCDPSession(page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1 };
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: mib });
    await upload(large);
    const bar = page.getByRole('progressbar', { name: '/srv/site/assets/large.bin' });
    await until(async () => Number(await bar.getAttribute('value')) >= 10);
    assert.deepEqual(await checkPage(page, 'files-upload'), []);
    const offsets: number[] = [];
    page.on('request', (request) => {
      const at = new URL(request.url()).searchParams.get('offset');
      if (request.method() === 'PUT' && at !== null) offsets.push(Number(at));
    });
    await web.daemon.pause();
    await page.getByText('interrupted; resumes automatically').waitFor();
    assert.deepEqual(await checkPage(page, 'files-interrupted'), []);
    await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
    await web.daemon.resume();
    await rowOf('large.bin').waitFor({ timeout: 120_000 });
    await page.getByText('1 of 1 finished').waitFor();
    assert.ok(
      offsets.some((offset) => offset > mib),
      `it restarted at ${offsets}`,
    );
    const { id } = await web.daemon.call<{ id: string }>('VmService/GetVm', { vm });
    const bytes = await saved(async () => {
      await menuOf('large.bin');
      await page.getByRole('menuitem', { name: 'Download' }).click();
    });
    assert.equal(sha256(bytes), sha256(readFileSync(large)), id);
  });

  it('a folder is downloaded as tar', async () => {
    await goTo('/srv');
    const bytes = await saved(async () => {
      await menuOf('site');
      await page.getByRole('menuitem', { name: 'Download as tar' }).click();
    });
    const listed = execFileSync('tar', ['-t'], { input: bytes, maxBuffer: mib }).toString();
    assert.match(listed, /^site\/index\.html$/m);
    assert.match(listed, /^site\/assets\/large\.bin$/m);
  });

  it('a text file is edited, and a change in the guest is not overwritten without confirmation', async () => {
    await goTo('/srv/site');
    await page.getByRole('button', { name: 'style.css', exact: true }).click();
    const text = page.getByRole('textbox', { name: 'Text of style.css' });
    await text.getByText('color: red').waitFor();
    await text.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('a { color: blue }');
    await page.getByText('unsaved', { exact: true }).waitFor();
    assert.deepEqual(await checkPage(page, 'files-edit'), []);
    await page.keyboard.press('Control+s');
    await page.getByText('style.css saved').waitFor();
    await page.keyboard.type(' /* mine */');
    const rewritten = { path: '/srv/site/style.css', mode: 0o600 };
    await guest('SetMode', rewritten);
    await guest('Rename', { from: '/srv/site/index.html', to: '/srv/site/style.css', replace: true });
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: /^Replace/ });
    await dialog.getByText('The file was changed in the guest').waitFor();
    await dialog.getByRole('button', { name: 'Overwrite' }).click();
    await page.getByRole('button', { name: 'Save' }).and(page.locator(':disabled')).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await rowOf('style.css').waitFor();
  });

  it('a binary file is not opened as text', async () => {
    await goTo('/usr/local/bin');
    await page.getByRole('button', { name: 'innkeeper-agent', exact: true }).click();
    await page.getByRole('alert').getByText('This is not a text file').waitFor();
    assert.deepEqual(await checkPage(page, 'files-binary'), []);
  });

  it('a folder is created, renamed, given another mode and owner, and deleted after confirmation', async () => {
    await goTo('/srv/site');
    await page.getByRole('button', { name: 'New folder' }).click();
    const making = page.getByRole('dialog', { name: 'New folder' });
    await making.getByLabel('Name').fill('a/b');
    await making.getByText('/').first().waitFor();
    assert.equal(await making.getByRole('button', { name: 'Create' }).isDisabled(), true);
    await making.getByLabel('Name').fill('docs');
    assert.deepEqual(await checkPage(page, 'files-new-folder'), []);
    await page.keyboard.press('Enter');
    await rowOf('docs').waitFor();

    await menuOf('docs');
    assert.deepEqual(await checkPage(page, 'files-menu'), []);
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    const renaming = page.getByRole('dialog', { name: 'Rename docs' });
    await renaming.getByLabel('New name or path').fill('assets');
    await renaming.getByRole('button', { name: 'Rename' }).click();
    await renaming.getByRole('alert').getByText('FILE_EXISTS').waitFor();
    assert.deepEqual(await checkPage(page, 'files-rename-failed'), []);
    await renaming.getByLabel('New name or path').fill('manual');
    await renaming.getByRole('button', { name: 'Rename' }).click();
    await rowOf('manual').waitFor();

    await menuOf('manual');
    await page.getByRole('menuitem', { name: 'Mode and owner' }).click();
    const access = page.getByRole('dialog', { name: 'Mode and owner of manual' });
    await access.getByLabel('Others: read').click();
    await access.getByLabel('Owner', { exact: true }).fill('guest');
    await access.getByText('inn files chmod').waitFor();
    assert.deepEqual(await checkPage(page, 'files-access'), []);
    await access.getByRole('button', { name: 'Change' }).click();
    await rowOf('manual').getByText('drwxr-x--x').waitFor();
    await rowOf('manual').getByText('guest:').waitFor();

    await menuOf('manual');
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const asking = page.getByRole('dialog', { name: 'Delete manual?' });
    await asking.getByText('inn files rm -r').waitFor();
    assert.deepEqual(await checkPage(page, 'files-delete'), []);
    await asking.getByRole('button', { name: 'Delete' }).click();
    await rowOf('manual').waitFor({ state: 'detached' });
  });

  it('files are read-only without guest.file.write', async () => {
    const privileges = ['vm.view', 'guest.file.read'];
    await web.daemon.call('AccessService/SetRole', { name: 'reader', privileges });
    await web.daemon.call('AccessService/CreateUser', { name: 'lou', roles: [{ role: 'reader', scope: '*' }] });
    const context = await web.newContext();
    const lou = await web.logIn(context, 'lou');
    await lou.goto(`/vms/${vm}/files?path=/srv/site`);
    await lou.getByRole('button', { name: 'style.css', exact: true }).waitFor();
    assert.equal(await lou.getByRole('button', { name: 'Upload', exact: true }).isDisabled(), true);
    assert.equal(await lou.getByRole('button', { name: 'New folder' }).isDisabled(), true);
    await lou.getByRole('button', { name: 'Actions for style.css' }).click();
    for (const name of ['Rename or move', 'Mode and owner', 'Delete'])
      assert.equal(await lou.getByRole('menuitem', { name }).isDisabled(), true, name);
    assert.deepEqual(await checkPage(lou, 'files-read-only'), []);
    await lou.keyboard.press('Escape');
    await lou.getByRole('button', { name: 'style.css', exact: true }).click();
    await lou.getByText('read-only').waitFor();
    assert.equal(await lou.getByRole('button', { name: 'Save' }).count(), 0);
    await context.close();
  });

  it('the files page says that files are not available while the VM is off', async () => {
    await web.daemon.call('VmService/KillVm', { vm });
    await page.getByRole('heading', { name: `${vm} is not running` }).waitFor();
    assert.deepEqual(await checkPage(page, 'files-off'), []);
  });

  it('the files page logs no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

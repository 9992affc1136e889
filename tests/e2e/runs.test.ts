import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { checkPage, openConsole, screenshotFolder, type WebConsole } from './console.ts';

const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
const failing = [
  '#!/bin/sh',
  'echo "to stdout"',
  'echo "to stderr" >&2',
  "printf '\\033[1;31mred\\033[0m and \\033[32mgreen\\033[0m\\n'",
  `echo '${markup}'`,
  'exit 3',
].join('\n');

describe('runs in the web console', () => {
  let web: WebConsole;
  let page: Page;
  before(async () => {
    web = await openConsole();
    page = web.page;
    await web.daemon.addTinyImage();
    await Promise.all([web.daemon.createVm('web-1', { env: 'prod' }), web.daemon.createVm('web-2', { env: 'prod' })]);
  });
  after(() => web[Symbol.asyncDispose]());

  const output = (name: string): Locator => page.getByRole('region', { name: `Output of ${name}` });
  const runButton = (): Locator => page.getByRole('button', { name: /^Run on / });
  const startedRun = async (): Promise<void> => {
    await runButton().click();
    await page.waitForURL(/\/runs\/(?!new)/);
  };
  const state = (word: string): Promise<void> =>
    page.locator('.page-head').getByText(word, { exact: true }).waitFor({ timeout: 60_000 });
  const command = async (line: string, vm = 'web-1'): Promise<void> => {
    await page.goto(`/runs/new?vm=${vm}`);
    await page.getByLabel('Command', { exact: true }).last().fill(line);
    await startedRun();
  };

  it('empty lists of runs say what to do', async () => {
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.getByRole('heading', { name: 'No runs yet' }).waitFor();
    assert.deepEqual(await checkPage(page, 'runs-empty'), []);
    await page.goto('/vms/web-1/runs');
    await page.getByRole('heading', { name: 'No runs on this VM yet' }).waitFor();
    assert.deepEqual(await checkPage(page, 'vm-runs-empty'), []);
  });

  it('a command is run from a VM’s page, with its output and exit code', async () => {
    await page.getByRole('link', { name: 'Run script' }).first().click();
    await page.getByRole('heading', { name: 'Run a script', level: 1 }).waitFor();
    await page.getByText('Enter a command.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Run on web-1' }).isDisabled(), true);
    await page.getByLabel('Command', { exact: true }).last().fill('uname -a; id -un');
    await page.getByText('inn run --on web-1 --').waitFor();
    assert.deepEqual(await checkPage(page, 'run-new-command'), []);
    await startedRun();
    await state('succeeded');
    await output('web-1').getByText('Linux').waitFor();
    await output('web-1').getByText('root', { exact: true }).waitFor();
    await page.getByText('exit code 0', { exact: true }).waitFor();
    assert.match((await page.getByText('The run succeeded on web-1').textContent()) ?? '', /exit code 0/);
    assert.deepEqual(await checkPage(page, 'run-command'), []);
  });

  it('the form of a new run survives a reload', async () => {
    await page.goto('/runs/new?vm=web-1');
    await page.getByText('Script', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Script' }).fill(failing);
    await page.getByLabel('Environment').fill('COLOR=yes\nbad');
    await page.getByText('“bad” is not NAME=VALUE.').first().waitFor();
    await page.getByLabel('Environment').fill('COLOR=yes');
    await page.getByLabel('Timeout').fill('30s');
    await page.reload();
    await page.getByRole('textbox', { name: 'Script' }).getByText('exit 3').waitFor();
    assert.equal(await page.getByLabel('Timeout').inputValue(), '30s');
    assert.deepEqual(await checkPage(page, 'run-new-script'), []);
  });

  it('a failing script shows separate streams, colours, and markup as text', async () => {
    await startedRun();
    await state('failed');
    await page.getByText('exit code 3').first().waitFor();
    await output('web-1').getByText(markup).waitFor();
    assert.equal(await page.locator('img, .output-text b').count(), 0);
    assert.equal(await page.locator('.output-ansi-red').textContent(), 'red');
    const error = page.locator('.output-line.stderr');
    assert.equal(await error.count(), 1);
    assert.match((await error.textContent()) ?? '', /errto stderr/);
    await page.getByRole('button', { name: 'Script' }).click();
    assert.deepEqual(await checkPage(page, 'run-failed'), []);
    await page.getByText('stderr 1').click();
    await output('web-1').getByText('to stdout').waitFor({ state: 'detached' });
    await page.getByText('both 4').click();
    const search = page.getByRole('textbox', { name: 'Search in the output' });
    await search.fill('TO STD');
    await search.press('Enter');
    await page.getByText('1 of 2').waitFor();
    await search.press('Enter');
    await page.getByText('2 of 2').waitFor();
    assert.deepEqual(await checkPage(page, 'run-search'), []);
  });

  it('the output of a run is downloaded as a file', async () => {
    await page.getByRole('button', { name: 'Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'stderr' }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'to stderr\n');
    assert.match(download.suggestedFilename(), /web-1\.stderr\.log$/);
  });

  it('"Run again" copies the run into the form', async () => {
    await page.getByRole('link', { name: 'Run again' }).click();
    await page.getByRole('textbox', { name: 'Script' }).getByText('exit 3').waitFor();
    assert.equal(await page.getByLabel('Environment').inputValue(), 'COLOR=yes');
    assert.equal(await page.getByLabel('Timeout').inputValue(), '30s');
    await page.getByRole('button', { name: 'Run on web-1' }).waitFor();
    await page.waitForURL(/\/runs\/new$/);
  });

  it('a command runs on all VMs that match a filter, and the form shows how many', async () => {
    await page.goto('/vms?filter=tag%3Aenv%3Dprod');
    await page.getByText('2 match').waitFor();
    assert.deepEqual(await checkPage(page, 'vms-run'), []);
    await page.getByRole('link', { name: 'Run script' }).click();
    await page.getByText('2 running VMs match').waitFor();
    await page.getByText('Command', { exact: true }).first().click();
    const line =
      'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; done; [ "$(cat /sys/class/net/eth0/address)" ]';
    await page.getByLabel('Command', { exact: true }).last().fill(line);
    assert.deepEqual(await checkPage(page, 'run-new-filter'), []);
    await page.getByRole('button', { name: 'Run on 2 VMs' }).click();
    await page.waitForURL(/\/runs\/(?!new)/);
    await state('succeeded');
    await output('web-1').getByText('line 40').waitFor();
    await page.getByRole('link', { name: /web-2/ }).first().click();
    await output('web-2').getByText('line 40').waitFor();
    await page.waitForURL(/\?vm=web-2$/);
    assert.deepEqual(await checkPage(page, 'run-two'), []);
  });

  it('a run on several VMs shows how many failed', async () => {
    await page.goto('/vms');
    await page.getByLabel('Select web-1').check();
    await page.getByLabel('Select web-2').check();
    await page.getByRole('button', { name: 'Run script' }).click();
    await page.getByRole('button', { name: 'Run on 2 VMs' }).waitFor();
    await page.getByLabel('Command', { exact: true }).last().fill('mkdir /tmp/once-$$ && exec false');
    await startedRun();
    await state('failed');
    await page.getByText('The run ended: 2 failed.').waitFor();
  });

  it('a running run is cancelled after confirmation', async () => {
    await command('echo before; sleep 600');
    await state('running');
    await output('web-1').getByText('before').waitFor();
    assert.deepEqual(await checkPage(page, 'run-running'), []);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await state('cancelled');
    await page.getByText('The run was cancelled on web-1').waitFor();
    await page.getByText('signal TERM').first().waitFor();
  });

  const counting = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "tick $i"; echo "tock $i" >&2; sleep 0.1; done';
  const assertWhole = async (): Promise<void> => {
    await state('succeeded');
    await output('web-1').getByText('tock 60').waitFor();
    const lines = await page.locator('.output-text').allInnerTexts();
    const found = lines.map((line) => line.trim());
    assert.equal(found.length, 120);
    for (let count = 1; count <= 60; count++)
      for (const word of ['tick', 'tock'])
        assert.equal(found.filter((each) => each === `${word} ${count}`).length, 1, `${word} ${count}`);
  };

  it('the whole output is shown after a reload midway', async () => {
    await command(counting);
    await output('web-1').getByText('tick 10', { exact: true }).waitFor();
    await page.reload();
    await assertWhole();
  });

  it('the whole output is shown after a connection loss midway', async () => {
    await command(counting);
    await output('web-1').getByText('tick 10', { exact: true }).waitFor();
    await web.daemon.pause();
    await page.getByText('No connection to the daemon since').waitFor();
    await web.daemon.resume();
    await page.getByText('No connection to the daemon since').waitFor({ state: 'detached' });
    await assertWhole();
  });

  it('very long output is rendered partly, with buttons for the rest', async () => {
    await command('i=0; while [ $i -lt 9000 ]; do i=$((i+1)); echo "number $i"; done');
    await state('succeeded');
    await output('web-1').getByText('number 9000').waitFor();
    assert.ok((await page.locator('.output-line').count()) <= 3000);
    await page.getByText('6,000 lines above').waitFor();
    const search = page.getByRole('textbox', { name: 'Search in the output' });
    await search.fill('NUMBER 4242');
    await search.press('Enter');
    await output('web-1').getByText('number 4242', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Jump to end' }).click();
    await output('web-1').getByText('number 9000').waitFor();
    await page.getByRole('button', { name: 'Show earlier lines' }).click();
    await output('web-1').getByText('number 5000', { exact: true }).waitFor({ state: 'attached' });
    await page.getByText('1,500 lines below').waitFor({ state: 'attached' });
    // The visible lines stay in place.
    const line = await output('web-1').getByText('number 6001', { exact: true }).boundingBox();
    const around = await output('web-1').boundingBox();
    assert.ok(line !== null && around !== null && line.y >= around.y && line.y < around.y + around.height);
    // Not checked by axe, which would process each line.
    await page.screenshot({ path: join(screenshotFolder, 'run-long-light.png') });
  });

  it('binary output is shown without executing its control sequences', async () => {
    await command('head -c 300000 /dev/urandom; printf "\\033]0;hostile\\007\\033[2J\\nthe end\\n"');
    await state('succeeded');
    await output('web-1').getByText('the end', { exact: true }).waitFor();
    assert.match(await page.title(), /^✓ head/);
    assert.equal(await output('web-1').getByText('hostile').count(), 0);
    await page.screenshot({ path: join(screenshotFolder, 'run-binary-light.png') });
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
  });

  it('a run shows why it did not start, and that its output is truncated', async () => {
    await command('no-such-command');
    await state('failed');
    await page.getByText('(not found)').waitFor();
    await page.goto('/runs/new?vm=web-1');
    await page.getByLabel('Command', { exact: true }).last().fill('head -c 3000000 /dev/zero | tr "\\0" "a\\n"');
    await page.getByLabel('User', { exact: true }).fill('nobody-here');
    await startedRun();
    await state('failed');
    await page.getByRole('alert').getByText('The run did not start on web-1').waitFor();
    assert.deepEqual(await checkPage(page, 'run-not-run'), []);
    await command('head -c 3000000 /dev/zero | tr "\\0" "a"');
    await page.getByText(/The output is truncated: 1 MiB of/).waitFor({ timeout: 60_000 });
    assert.deepEqual(await checkPage(page, 'run-cut'), []);
  });

  it('runs are listed, and found by text and VM', async () => {
    await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
    await page.getByRole('link', { name: 'uname -a; id -un' }).waitFor();
    assert.deepEqual(await checkPage(page, 'runs'), []);
    await page.getByLabel('Text in title').fill('uname');
    await page.getByRole('listitem').filter({ hasText: 'no-such-command' }).waitFor({ state: 'detached' });
    assert.equal(await page.locator('.run-item').count(), 1);
    await page.getByLabel('VM', { exact: true }).fill('web-9');
    await page.getByText('No VM has this name.').waitFor();
    await page.getByLabel('VM', { exact: true }).fill('web-2');
    await page.getByRole('heading', { name: 'No runs match' }).waitFor();
    await page.getByRole('button', { name: 'Clear search' }).click();
    await page.goto('/vms/web-2/runs');
    await page.locator('.run-item').first().waitFor();
    assert.equal(await page.locator('.run-item').count(), 2);
    assert.deepEqual(await checkPage(page, 'vm-runs'), []);
    await page.goto('/');
    await page.getByRole('listitem').filter({ hasText: 'Done: Run a command in the guest' }).waitFor();
  });

  it('a run is started by keyboard only', async () => {
    await page.goto('/vms/web-1');
    await page.getByRole('heading', { level: 1, name: 'web-1' }).waitFor();
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('run a');
    await page.getByRole('option', { name: 'Run a script on web-1' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByLabel('Command', { exact: true }).last().fill('echo by keyboard');
    await page.getByRole('button', { name: 'Run on web-1', disabled: false }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/runs\/(?!new)/);
    await output('web-1').getByText('by keyboard').waitFor();
  });

  it('a viewer cannot start runs or see their output', async () => {
    const address = page.url();
    await web.daemon.call('AccessService/CreateUser', {
      name: 'vera',
      roles: [{ role: 'viewer', scope: '*' }],
    });
    const context = await web.newContext();
    const vera = await web.logIn(context, 'vera');
    await vera.goto('/vms/web-1');
    await vera.getByRole('button', { name: 'Run script', disabled: true }).waitFor();
    await vera.goto(address);
    await vera.getByText('The output could not be loaded').waitFor();
    // A command may contain secrets, so its title is shown only to users who may run commands.
    await vera.getByRole('heading', { name: 'Run', exact: true }).waitFor();
    assert.equal(await vera.getByText('echo by keyboard').count(), 0);
    assert.equal(await vera.getByRole('button', { name: 'Run again', disabled: true }).count(), 1);
    assert.deepEqual(await checkPage(vera, 'run-viewer'), []);
    await vera.goto('/runs/new?vm=web-1');
    await vera.getByText('You lack the privilege guest.exec').first().waitFor();
    assert.deepEqual(await checkPage(vera, 'run-new-viewer'), []);
    await context.close();
  });

  it('a run cannot be started while the VM is off, and the form says why', async () => {
    await web.daemon.call('VmService/KillVm', { vm: 'web-2' });
    await page.goto('/runs/new?vm=web-2');
    await page.getByLabel('Command', { exact: true }).last().fill('id');
    await page.getByText('web-2: The VM is not running.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Run on web-2' }).isDisabled(), true);
    await page.goto('/runs/nobody');
    await page.getByRole('alert').first().waitFor();
    assert.deepEqual(await checkPage(page, 'run-missing'), []);
  });

  it('the pages of runs log no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});

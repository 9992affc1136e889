import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { checkPage, openConsole, type WebConsole } from './console.ts';

describe('the web console', () => {
  let web: WebConsole;
  let page: Page;
  before(async () => {
    web = await openConsole();
    page = web.page;
  });
  after(() => web[Symbol.asyncDispose]());

  const settle = async (name: string): Promise<void> => {
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
  };

  it('a new installation shows first steps, and empty pages say what to do', async () => {
    await page.getByText('0 of 5').waitFor();
    assert.deepEqual(await checkPage(page, 'overview-empty'), []);
    await page.getByRole('link', { name: 'Virtual machines' }).click();
    await page.getByRole('heading', { name: 'No VMs yet' }).waitFor();
    assert.deepEqual(await checkPage(page, 'vms-empty'), []);
    await page.getByRole('link', { name: 'Create VM' }).first().click();
    await page.getByRole('heading', { name: 'No image yet' }).waitFor();
    assert.deepEqual(await checkPage(page, 'create-no-image'), []);
  });

  it('an image is built and a VM created, whose agent reports', async () => {
    await page.getByRole('button', { name: 'Build the small image' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).waitFor({ timeout: 180_000 });
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Web_1');
    await page.getByText('Only a-z, 0-9 and').waitFor();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('web-1');
    const tags = page.getByRole('combobox', { name: 'Tags' });
    await tags.fill('env=prod');
    await tags.press('Enter');
    await page.getByLabel('Start with the daemon').check();
    await page.getByLabel('Memory').fill('12');
    await page.getByText('A VM needs at least 64 MiB.').waitFor();
    await page.getByText('--memory MEMORY').waitFor();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    assert.equal(await page.getByLabel('Memory').inputValue(), '12');
    assert.deepEqual(await checkPage(page, 'create-refused'), []);
    await page.getByLabel('Memory').fill('256M');
    assert.deepEqual(await checkPage(page, 'create'), []);
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await settle('web-1');
    // While it boots there is nothing to warn about.
    assert.equal(await page.locator('.vm-note.warn, .badge.bad, .badge.warn').count(), 0);
    await page.getByText(/^reported/).waitFor({ timeout: 120_000 });
    await page.getByRole('table').filter({ hasText: 'ext4' }).waitFor();
    const autostart = page.getByRole('switch', { name: 'Autostart' });
    assert.ok(await autostart.isChecked());
    assert.deepEqual(await checkPage(page, 'vm-overview'), []);
    await autostart.press('Space');
    await page.locator('dd', { has: autostart }).getByText('off').waitFor();
    await page.reload();
    await page.getByRole('switch', { name: 'Autostart', checked: false }).waitFor();
  });

  it('the agent tab shows capabilities and the results of the doctor', async () => {
    await page.getByRole('link', { name: 'Agent', exact: true }).click();
    await page.getByRole('heading', { name: 'Capabilities' }).waitFor();
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('No problems found.').waitFor();
    assert.deepEqual(await checkPage(page, 'vm-agent'), []);
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByText('agent connected').waitFor();
    assert.deepEqual(await checkPage(page, 'vm-events'), []);
  });

  it('the VM list is filtered and sorted, and marks an invalid filter', async () => {
    await page.getByRole('link', { name: 'Virtual machines' }).click();
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    assert.deepEqual(await checkPage(page, 'vms'), []);
    const filter = page.getByRole('textbox', { name: 'Filter' });
    await filter.fill('state:running tag:env=prod mem<99');
    await page.getByText('1 match').waitFor();
    await filter.fill('state:stopped');
    await page.getByRole('heading', { name: 'No VMs match' }).waitFor();
    await filter.fill('state:flying web');
    await page.getByText('"flying" is not a valid state').waitFor();
    await page.getByText('The filter cannot be read.').waitFor();
    assert.equal(await page.getByText(/\d match/).count(), 0);
    assert.deepEqual(await checkPage(page, 'vms-filter'), []);
    await page.getByRole('button', { name: 'Clear filter' }).first().click();
    await page.getByRole('button', { name: 'uptime>2d' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Memory', exact: true }).click();
    await page.waitForURL(/sort=-memory/);
  });

  it('the palette, the keyboard help and key sequences work by keyboard', async () => {
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('web');
    await page.getByRole('option', { name: 'web-1' }).waitFor();
    assert.deepEqual(await checkPage(page, 'palette'), []);
    await page.keyboard.press('Enter');
    await settle('web-1');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard help' }).waitFor();
    assert.deepEqual(await checkPage(page, 'keyboard-help'), []);
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await settle('Overview');
    await page.getByText('3 of 5').waitFor();
    assert.deepEqual(await checkPage(page, 'overview'), []);
  });

  it('j, k and the arrows reach the list of VMs at once, also from the filter', async () => {
    await page.goto('/vms');
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    const focused = page.locator('[data-row="0"]:focus');
    for (const keys of [['j'], ['k'], ['ArrowDown'], ['/', 'ArrowDown']]) {
      await page.locator('body').evaluate((body) => (body.ownerDocument.activeElement as HTMLElement | null)?.blur());
      for (const key of keys) await page.keyboard.press(key);
      await focused.waitFor();
    }
    await page.keyboard.press('Enter');
    await settle('web-1');
  });

  it('the palette changes the colours, and opens a terminal by its name', async () => {
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('dark');
    await page.keyboard.press('Enter');
    await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('colours');
    await page.getByRole('option', { name: 'Use the system’s colours' }).click();
    await page.locator('html[data-mantine-color-scheme=light]').waitFor();
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('terminal web-1');
    await page.getByRole('option', { name: 'Terminal of web-1' }).waitFor();
    assert.deepEqual(await checkPage(page, 'palette-terminal'), []);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/vms\/web-1\/terminal/);
  });

  it('the images page says which VMs use an image, and the node page says whether KVM is used', async () => {
    await page.goto('/images');
    await page.getByRole('link', { name: '1 VM' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Remove tiny' }).isDisabled(), true);
    assert.deepEqual(await checkPage(page, 'images'), []);
    await page.getByRole('link', { name: '1 VM' }).click();
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'Virtualization' }).waitFor();
    assert.deepEqual(await checkPage(page, 'node'), []);
  });

  it('stopping a VM asks for confirmation, and the operation is listed', async () => {
    await page.goto('/vms');
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('stop web-1');
    await page.getByRole('option', { name: 'Stop web-1' }).waitFor();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Stop web-1?' });
    await dialog.waitFor();
    assert.deepEqual(await checkPage(page, 'confirm'), []);
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('web-1 was stopped').waitFor({ timeout: 90_000 });
    await page.goto('/vms/web-1');
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
    assert.equal(await page.locator('.vm-note.warn, .badge.bad, .badge.warn').count(), 0);
    assert.deepEqual(await checkPage(page, 'vm-stopped'), []);
    await page.getByRole('link', { name: 'Operations', exact: true }).click();
    await page.getByRole('button', { name: 'Stop web-1' }).click();
    await page.reload();
    await page.getByText('inn op show').waitFor();
    assert.deepEqual(await checkPage(page, 'operations'), []);
  });

  it('deleting a VM requires typing its name', async () => {
    await page.goto('/vms/web-1');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete web-1?' });
    assert.equal(await dialog.getByRole('button', { name: 'Delete' }).isDisabled(), true);
    await dialog.getByLabel('Type web-1 to confirm').fill('web-1');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'No VMs yet' }).waitFor();
  });

  it('an unknown page and an unknown VM are shown as not found', async () => {
    await page.goto('/nowhere');
    await page.getByRole('heading', { name: 'There is no page at this address' }).waitFor();
    assert.deepEqual(await checkPage(page, 'not-found'), []);
    await page.goto('/vms/nobody');
    await page.getByRole('alert').getByText('There is no VM named "nobody".').waitFor();
    assert.deepEqual(await checkPage(page, 'vm-not-found'), []);
  });

  it('the pages log no errors', () => {
    assert.deepEqual(web.faults, []);
  });
});

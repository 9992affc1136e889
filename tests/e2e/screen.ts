import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** Types into the terminal, key by key. */
export async function typeInto(page: Page, name: 'Terminal' | 'Serial console', text: string): Promise<void> {
  await page.getByRole('textbox', { name, exact: true }).pressSequentially(text);
}

/** Waits until a line of the screen contains the text. */
export async function screenShows(page: Page, text: string | RegExp, timeout = 60_000): Promise<void> {
  await page.locator('.xterm-accessibility-tree').getByText(text).first().waitFor({ timeout });
}

/** Returns the screen with its scrollback, as saved by the page. */
export async function savedScreen(page: Page): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as text' }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type ConsoleDaemon, startConsoleDaemon } from './console-daemon.ts';

/** Screenshots of every page, for manual inspection; ignored by git. */
export const screenshotFolder = join(import.meta.dirname, '..', '..', '.cache', 'e2e');

const chromiumPath = process.env['INNKEEPER_CHROMIUM'] ?? '/usr/bin/chromium';
/** Maximum wait for anything on a page. */
const timeoutMs = 60_000;

const variants = [
  { name: 'light', colorScheme: 'light', size: { width: 1360, height: 850 } },
  { name: 'dark', colorScheme: 'dark', size: { width: 1360, height: 850 } },
  { name: 'narrow', colorScheme: 'light', size: { width: 390, height: 800 } },
] as const;

/** A daemon with its web console in a browser, with a logged-in user. */
export interface WebConsole extends AsyncDisposable {
  readonly daemon: ConsoleDaemon;
  readonly browser: Browser;
  /** Logged in as the first administrator. */
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors that the page logged or threw. */
  readonly faults: readonly string[];
  /** Creates a new context, not logged in. */
  newContext(): Promise<BrowserContext>;
  /** Logs a user in by a new login link. */
  logIn(context: BrowserContext, user?: string): Promise<Page>;
}

/** Starts Debian's chromium, without background network requests. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
    ],
  });
}

/** Starts a daemon with its own data folder and a browser, and logs in by link. */
export async function openConsole(): Promise<WebConsole> {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await startConsoleDaemon());
  const browser = await openBrowser();
  stack.defer(() => browser.close());
  const faults: string[] = [];
  const newContext = async (): Promise<BrowserContext> => {
    const context = await browser.newContext({
      baseURL: daemon.url,
      viewport: variants[0].size,
      locale: 'en-GB',
      // Movement on the page is time of a processor, and each click waits for its end.
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(timeoutMs);
    return context;
  };
  const logIn = async (context: BrowserContext, user = 'admin'): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
    page.on('console', (message) => {
      // Network errors are shown by the page itself.
      if (message.type() === 'error' && !/^(?:Failed to load resource|WebSocket connection to)/.test(message.text()))
        faults.push(message.text());
    });
    await page.goto(await daemon.loginPath(user));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    return page;
  };
  const context = await newContext();
  const page = await logIn(context);
  const owned = stack.move();
  return {
    daemon,
    browser,
    context,
    page,
    faults,
    newContext,
    logIn,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Checks the current page in light, in dark and at 390 px: takes a screenshot of each, and returns the findings of axe
 * and whether the page scrolls horizontally, one per line; empty if there are none.
 */
export async function checkPage(page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshotFolder, { recursive: true });
  const problems: string[] = [];
  for (const variant of variants) {
    await page.setViewportSize(variant.size);
    await page.emulateMedia({ colorScheme: variant.colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(screenshotFolder, `${name}-${variant.name}.png`) });
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, nodes } of violations)
      problems.push(
        `${name} ${variant.name}: ${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 200))
          .join(' ')}`,
      );
    if (await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth'))
      problems.push(`${name} ${variant.name}: the page scrolls horizontally`);
  }
  await page.setViewportSize(variants[0].size);
  return problems;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { accessibilityProblems } from './accessibility.ts';
import { type ConsoleDaemon, startConsoleDaemon } from './console-daemon.ts';

/** Screenshots, for manual inspection; ignored by git. */
export const screenshotFolder = join(import.meta.dirname, '..', '..', '.cache', 'e2e');

/** Whether every checked page is also saved as a picture, which takes as long as checking it. */
const takesScreenshots = process.env['INNKEEPER_SCREENSHOTS'] === '1';

/** Without a window and its own pages, chromium needs half of the CPU time; but any chromium does. */
const chromiumPath =
  process.env['INNKEEPER_CHROMIUM'] ??
  ['/usr/bin/chromium-headless-shell'].find((path) => existsSync(path)) ??
  '/usr/bin/chromium';
/** Maximum wait for anything on a page. */
const timeoutMs = 60_000;

/** In dark only colours differ from light; on a narrow page, whatever depends on the layout. */
const variants = [
  { name: 'light', colorScheme: 'light', size: { width: 1360, height: 850 }, rules: 'all' },
  { name: 'dark', colorScheme: 'dark', size: { width: 1360, height: 850 }, rules: 'colours' },
  { name: 'narrow', colorScheme: 'light', size: { width: 390, height: 800 }, rules: 'all' },
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
 * Checks the current page in light, in dark and at 390 px: returns the findings of axe and whether the page scrolls
 * horizontally, one per line; empty if there are none. Saves screenshots of them with `INNKEEPER_SCREENSHOTS=1`.
 */
export async function checkPage(page: Page, name: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { name: variant, size, colorScheme, rules } of variants) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    await page.evaluate(nextFrame);
    if (takesScreenshots) await page.screenshot({ path: join(screenshotFolder, `${name}-${variant}.png`) });
    for (const problem of await accessibilityProblems(page, rules)) problems.push(`${name} ${variant}: ${problem}`);
    if (await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth'))
      problems.push(`${name} ${variant}: the page scrolls horizontally`);
  }
  await page.setViewportSize(variants[0].size);
  return problems;
}

/** In the page: waits until it has reacted to its size and colours. */
const nextFrame = (): Promise<void> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));

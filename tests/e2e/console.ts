import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type ConsoleDaemon, startConsoleDaemon } from './console-daemon.ts';

/** Screenshots of every page, for a person to look at; git ignores them. */
export const screenshotFolder = join(import.meta.dirname, '..', '..', '.cache', 'e2e');

const chromiumPath = process.env['INNKEEPER_CHROMIUM'] ?? '/usr/bin/chromium';
/** Longest wait for anything on a page. */
const timeoutMs = 20_000;

const looks = [
  { name: 'light', colorScheme: 'light', size: { width: 1360, height: 850 } },
  { name: 'dark', colorScheme: 'dark', size: { width: 1360, height: 850 } },
  { name: 'narrow', colorScheme: 'light', size: { width: 390, height: 800 } },
] as const;

/** A daemon with its web console in a browser, and somebody logged in. */
export interface WebConsole extends AsyncDisposable {
  readonly daemon: ConsoleDaemon;
  readonly browser: Browser;
  /** Logged in as the first administrator. */
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page logged as an error, and what it threw. Empty when all is well. */
  readonly faults: readonly string[];
  /** A context of its own, not logged in. */
  newContext(): Promise<BrowserContext>;
  /** Logs somebody in by a new link. */
  logIn(context: BrowserContext, user?: string): Promise<Page>;
}

/** Debian's chromium, which asks nobody on the network for anything. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
    ],
  });
}

/** Starts a daemon on a data folder of its own, a browser, and logs in by link. */
export async function openConsole(): Promise<WebConsole> {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await startConsoleDaemon());
  const browser = await openBrowser();
  stack.defer(() => browser.close());
  const faults: string[] = [];
  const newContext = async (): Promise<BrowserContext> => {
    const context = await browser.newContext({ baseURL: daemon.url, viewport: looks[0].size, locale: 'en-GB' });
    context.setDefaultTimeout(timeoutMs);
    return context;
  };
  const logIn = async (context: BrowserContext, user = 'admin'): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
    page.on('console', (message) => {
      // What the network refuses is told by the page itself.
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
 * Looks at the page as it is: in light, dark and at 390 px. Keeps a screenshot of each, and gives what axe objects to
 * and whether it scrolls sideways, as lines; none when all is well.
 */
export async function checkPage(page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshotFolder, { recursive: true });
  const problems: string[] = [];
  for (const look of looks) {
    await page.setViewportSize(look.size);
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(screenshotFolder, `${name}-${look.name}.png`) });
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, nodes } of violations)
      problems.push(
        `${name} ${look.name}: ${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 200))
          .join(' ')}`,
      );
    if (await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth'))
      problems.push(`${name} ${look.name}: the page scrolls sideways`);
  }
  await page.setViewportSize(looks[0].size);
  return problems;
}

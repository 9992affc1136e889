import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type axe from 'axe-core';
import type { RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/** Added to a document once: reading and compiling it there takes longer than a check. */
const source = readFileSync(join(import.meta.dirname, '..', '..', 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

/** Everything that axe checks, or only what depends on colours. */
export type Rules = 'all' | 'colours';

const options: Record<Rules, RunOptions> = {
  all: { resultTypes: ['violations'] },
  // By name: a tag would include those that axe leaves out by default.
  colours: { resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block'] },
};

/** Returns what axe finds on the current page: the name of each violated rule with the first elements that violate it. */
export async function accessibilityProblems(page: Page, rules: Rules): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in globalThis'))) await page.evaluate(source);
  return page.evaluate(async (chosen) => {
    const added = globalThis as unknown as { readonly axe: typeof axe };
    const { violations } = await added.axe.run(document, chosen);
    return violations.map(({ id, nodes }) => {
      const elements = nodes.slice(0, 3).map(({ html }) => html.slice(0, 200));
      return `${id}: ${elements.join(' ')}`;
    });
  }, options[rules]);
}

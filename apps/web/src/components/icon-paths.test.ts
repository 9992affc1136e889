import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { iconPaths as shellPaths } from './icon-paths.ts';
import { pageIconPaths } from './page-icon-paths.ts';

const iconPaths = { ...shellPaths, ...pageIconPaths };

/** Where icons are used that were once used for several things, by what they mean. */
const places = {
  stop: ['pages/vm/power-actions.ts'],
  play: ['pages/vm/guest-unavailable.tsx', 'pages/vm/power-actions.ts'],
  restart: ['pages/vm/power-actions.ts'],
  bolt: ['pages/vm/power-actions.ts'],
  signal: ['pages/vm/processes/signal-menu.tsx'],
  refresh: ['pages/vm/files/files-tools.tsx'],
} as const;

describe('the icons', () => {
  it('no two icons look the same', () => {
    const shapes = Object.values(iconPaths).map((path) => path.replaceAll(/[MZz]\s?/g, ''));
    assert.equal(new Set(shapes).size, shapes.length);
    // Moved by a pixel they would still look the same.
    const sizes = Object.values(iconPaths).map((path) => path.replaceAll(/\d+(\.\d+)?/g, '0'));
    for (const name of ['runs', 'terminal'] as const)
      assert.equal(sizes.filter((each) => each === iconPaths[name].replaceAll(/\d+(\.\d+)?/g, '0')).length, 1, name);
  });

  it('an icon for the power of a VM means nothing else on any page', () => {
    const root = join(import.meta.dirname, '..');
    const files = globSync('**/*.{ts,tsx}', { cwd: root }).filter((file) => !/icon-paths|palette|\.test\./.test(file));
    const texts = files
      .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const)
      .filter(([, text]) => /Icon|icon/.test(text));
    for (const [name, allowed] of Object.entries(places)) {
      const used = texts.filter(([, text]) => new RegExp(`(?:icon: |icon=|name=|[?:] )['"{]+${name}['"]`).test(text));
      assert.deepEqual(used.map(([file]) => file).toSorted(), allowed, name);
    }
  });
});

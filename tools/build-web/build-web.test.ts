import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { firstLoadBytes, readManifest } from './manifest.ts';

const root = join(import.meta.dirname, '..', '..');
const output = join(root, 'dist', 'web');
/** Maximum compressed size of everything that a browser loads before the overview is shown. */
const budgetBytes = 190_000;

describe('the built web console', () => {
  before(() => {
    execFileSync(process.execPath, [join(root, 'tools', 'build-web.ts')], { stdio: ['ignore', 'ignore', 'pipe'] });
  });

  it('the web console shows its first page after at most 190 kB', () => {
    const bytes = firstLoadBytes(output, readManifest(output));
    assert.ok(bytes <= budgetBytes, `${bytes} bytes`);
  });

  it('the web console loads nothing from other origins', () => {
    const page = readFileSync(join(output, 'index.html'), 'utf8');
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    assert.ok(addresses.length > 3);
    assert.deepEqual(
      addresses.filter((address) => !address.startsWith('/assets/')),
      [],
    );
    const styles = readdirSync(join(output, 'assets')).filter((name) => name.endsWith('.css'));
    for (const name of styles)
      assert.doesNotMatch(readFileSync(join(output, 'assets', name), 'utf8'), /url\(\s*["']?(https?:)?\/\//);
  });

  it('every file of the web console is named by its content and has a compressed copy', () => {
    const names = readdirSync(join(output, 'assets'));
    assert.deepEqual(
      names.filter((name) => !/-[A-Z0-9]{8}\.(js|css|svg)(\.gz)?$/.test(name)),
      [],
    );
    for (const name of names.filter((each) => !each.endsWith('.gz'))) assert.ok(names.includes(`${name}.gz`), name);
  });
});

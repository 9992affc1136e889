/**
 * Builds the web console into dist/web: hashed names, one chunk per page, with gzip copies. Skips the build if nothing
 * changed. Flags: --force builds anyway.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWeb } from './build-web/bundle-web.ts';
import { firstLoadBytes, readManifest } from './build-web/manifest.ts';
import { sourcesHash } from './build-web/sources-hash.ts';

const root = join(import.meta.dirname, '..');
const output = join(root, 'dist', 'web');
const stamp = join(root, 'dist', 'web.hash');

const hash = sourcesHash(root);
const unchanged = existsSync(stamp) && existsSync(output) && readFileSync(stamp, 'utf8') === hash;
if (!unchanged || process.argv.includes('--force')) {
  await bundleWeb(root, output);
  writeFileSync(stamp, hash);
}
const kilobytes = (firstLoadBytes(output, readManifest(output)) / 1000).toFixed(1);
process.stderr.write(`dist/web: first load ${kilobytes} kB${unchanged ? ', unchanged' : ''}\n`);

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { quickJsSource } from './quickjs-source.ts';

it('an archive of QuickJS with another SHA-256 is not used, wherever it comes from', () => {
  const cache = mkdtempSync(join(tmpdir(), 'innkeeper-quickjs-'));
  try {
    const tarball = join(cache, 'quickjs.tar.xz');
    // Left from before, as by a download that broke off.
    writeFileSync(tarball, 'half an archive');
    let asked = 0;
    const wrong = (target: string): void => {
      asked++;
      writeFileSync(target, `archive ${asked}`);
    };
    assert.throws(() => quickJsSource(cache, [wrong, wrong]), /SHA-256 ec81da5b.*INNKEEPER_QUICKJS_TARBALL/);
    assert.equal(asked, 2);
    assert.equal(existsSync(join(cache, 'quickjs-2025-04-26')), false);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

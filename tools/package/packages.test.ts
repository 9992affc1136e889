import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { agentProduct } from './agent-product.ts';
import { buildApk } from './build-apk.ts';
import { buildDeb } from './build-deb.ts';
import { buildRpm } from './build-rpm.ts';
import { daemonProduct } from './daemon-product.ts';
import type { Product } from './product.ts';

/** What the daemon's package must have; the program is only asked for its completions. */
const daemonFiles = [
  ...['etc/innkeeper/innkeeper.conf', 'usr/bin/inn', 'usr/bin/innkeeper', 'usr/lib/innkeeper/bundle/inn.mjs'],
  ...['usr/lib/systemd/system/innkeeper.service', 'usr/lib/systemd/user/innkeeper.service'],
  ...['usr/share/bash-completion/completions/inn', 'usr/share/doc/innkeeper/copyright'],
  ...[
    'usr/share/fish/vendor_completions.d/inn.fish',
    'usr/share/man/man1/inn.1.gz',
    'usr/share/man/man8/innkeeper.8.gz',
  ],
];

const agentFiles = [
  ...['etc/innkeeper/agent.toml', 'etc/innkeeper/post-thaw.d/', 'etc/innkeeper/pre-freeze.d/'],
  ...['usr/bin/innkeeper-agent', 'usr/share/innkeeper-agent/', 'usr/share/licenses/innkeeper-agent/LICENSE'],
];

describe('packages that are built twice', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-twice-'));
  after(() => rmSync(folder, { recursive: true }));

  /** Builds a package from a tree whose files were written in this order and at this time. */
  function build(how: typeof buildDeb, product: Product, order: readonly string[], writtenSeconds: number): Buffer {
    const output = mkdtempSync(join(folder, 'out-'));
    const tree = join(output, 'tree');
    for (const name of order) {
      const path = join(tree, name);
      mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
      if (name.endsWith('/')) continue;
      writeFileSync(path, name.endsWith('.mjs') ? 'console.log("# zsh")' : `content of ${name}`, {
        mode: writtenSeconds % 2 === 0 ? 0o600 : 0o664,
      });
      utimesSync(path, writtenSeconds, writtenSeconds);
    }
    const root = join(import.meta.dirname, '..', '..');
    const target = 'x64' as const;
    const spec = {
      root,
      tree,
      output,
      target,
      version: '1.2.3',
      revision: '1',
      quick: true,
      timeSeconds: 1_700_000_000,
    };
    return readFileSync(how(product, spec));
  }

  for (const [kind, program, how, product, files] of [
    ['Debian', 'dpkg-deb', buildDeb, daemonProduct, daemonFiles],
    ['RPM', 'rpmbuild', buildRpm, daemonProduct, daemonFiles],
    ['Debian', 'dpkg-deb', buildDeb, agentProduct, agentFiles],
    ['RPM', 'rpmbuild', buildRpm, agentProduct, agentFiles],
    ['Alpine', 'true', buildApk, agentProduct, agentFiles],
  ] as const) {
    const skip = spawnSync(program, ['--version']).status === 0 ? false : `${program} is not installed`;
    it(`${kind} packages of the same files of ${product.name} are identical byte for byte, whenever and in which order they were written`, {
      skip,
    }, () => {
      const first = build(how, product, files, 1_600_000_000);
      const second = build(how, product, files.toReversed(), 1_650_000_001);
      assert.ok(first.length > 1000);
      assert.ok(first.equals(second), `${first.length} and ${second.length} bytes`);
    });
  }
});

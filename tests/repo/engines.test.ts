import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTracked, root, sourceFiles, trackedFiles } from './source-files.ts';

/** The oldest supported Node, as in `engines` and in the error message for older ones. */
const floor = '24.7';

/** Features newer than Node 24.0: name, the version that has it, and a pattern that finds its use. */
const newer: readonly (readonly [what: string, since: string, line: RegExp])[] = [
  ['argon2 of node:crypto', '24.7', /^import \{[^}]*\bargon2\b[^}]*\} from 'node:crypto'/m],
  ['mkdtempDisposable of node:fs', '24.4', /\bmkdtempDisposable(Sync)?\b/],
  ['certificates of the process in node:tls', '24.5', /\bsetDefaultCACertificates\b/],
  ['authorizers and tag stores of node:sqlite', '24.10', /\.(setAuthorizer|createTagStore)\(/],
  ['Uint8Array from and to base64 and hexadecimal', '25.0', /\bUint8Array\.from(Base64|Hex)\(|\.to(Base64|Hex)\(\)/],
  ['getOrInsert() of maps', '26.0', /\.getOrInsert(Computed)?\(/],
  ['Temporal', '26.0', /\bTemporal\.[A-Z]/],
];

/** Packages that run in a guest, in browsers, or on any Node from 18 (the workspace: tools/bootstrap.mjs). */
const elsewhere = ['apps/agent/package.json', 'apps/web/package.json', 'package.json'];

const entryPoints = ['apps/cli/src/main.ts', 'apps/innkeeper/src/main.ts'];

describe('the oldest supported Node', () => {
  it('the oldest supported Node is the one that the newest used feature needs', () => {
    const sources = sourceFiles().filter((file) => !/^apps\/web\/|\.test\.ts$|\/gen\//.test(file));
    const used = newer.filter(([, , line]) => sources.some((file) => line.test(readTracked(file))));
    const number = (version: string): number => Number(version.split('.')[0]) * 1000 + Number(version.split('.')[1]);
    const newest = used.toSorted(([, a], [, b]) => number(b) - number(a))[0];
    assert.equal(newest?.[1], floor, `${newest?.[0]} needs ${newest?.[1]}`);
  });

  it('the oldest supported Node is in every package.json of a package for Node', () => {
    const manifests = trackedFiles().filter((file) => /^((packages|apps)\/[^/]+\/)?package\.json$/.test(file));
    const engines = manifests
      .filter((file) => !elsewhere.includes(file))
      .map((file) => {
        const { engines } = JSON.parse(readTracked(file)) as { readonly engines?: { readonly node?: string } };
        return `${file}: ${engines?.node}`;
      });
    assert.deepEqual(
      engines.filter((line) => !line.endsWith(`: >=${floor}.0`)),
      [],
    );
  });

  it('each program started on an older Node names the oldest supported one', () => {
    const [major, minor] = floor.split('.').map(Number);
    const start = (file: string, version: string) => {
      const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
      const parameters = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, join(root, file)];
      return spawnSync(process.execPath, [...parameters, '--help'], { encoding: 'utf8' });
    };
    for (const file of entryPoints) {
      for (const old of ['22.21.0', `${major}.${(minor ?? 0) - 1}.9`]) {
        const { status, stderr } = start(file, old);
        assert.equal(status, 1, file);
        assert.match(stderr, new RegExp(`^(inn|innkeeper): Node ${floor} or later is needed; this is ${old}\\.\n$`));
      }
      const { status, stderr } = start(file, `${floor}.0`);
      assert.equal(status, 0, stderr);
    }
    assert.ok(readTracked('tools/start-program.sh').includes(`Node ${floor} or later is needed`));
    assert.ok(readTracked('packages/client/README.md').includes(`Node ${floor} or later`));
  });
});

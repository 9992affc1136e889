import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from './source-files.ts';

/**
 * Where exports that only their own file uses, or none, still stand; to be emptied, area by area: such an `export` loses
 * the word.
 */
const areas: readonly string[] = [
  'apps/web',
  'packages/agent-client',
  'packages/agent-core',
  'packages/client',
  'packages/contract',
  'packages/hypervisor',
  'packages/store',
  'packages/wire',
];

/** Dependencies that are not as they should be, by file; to be emptied. */
const listed: Readonly<Record<string, readonly string[]>> = {
  // Typings for options that are declared beside their command, which program.ts still lists all.
  'apps/cli/package.json': ['@commander-js/extra-typings'],
  // The tests load it; apps/innkeeper declares it.
  'apps/web/src/components/emulator/buffer-text.test.ts': ['@xterm/headless'],
  'packages/contract/src/ignore-huge-counts.test.ts': ['@xterm/headless'],
};

/** Files, and for each kind of finding the names. */
type Issue = { readonly file: string } & Readonly<Record<string, readonly { readonly name: string }[] | undefined>>;

/** Kinds that knip is asked for; "files" names the file itself. */
const kinds = ['files', 'dependencies', 'devDependencies', 'unlisted', 'unresolved', 'exports', 'types'];

function isListed(file: string, kind: string, name: string): boolean {
  if (kind === 'exports' || kind === 'types') return areas.some((area) => file.startsWith(`${area}/`));
  return listed[file]?.includes(name) === true;
}

describe('knip', () => {
  it('finds no file, export or dependency that nothing uses, and no import that its package.json does not declare', () => {
    const parameters = ['--config', 'tests/repo/knip.json', '--no-progress', '--reporter', 'json'];
    const program = join(root, 'node_modules/knip/bin/knip.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...parameters], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    });
    // 1 is "something was found".
    assert.ok(status === 0 || status === 1, `knip ended with ${status}: ${stderr}`);
    const { issues } = JSON.parse(stdout) as { readonly issues: readonly Issue[] };
    const found = issues.flatMap((issue) =>
      kinds.flatMap((kind) =>
        (issue[kind] ?? [])
          .filter(({ name }) => !isListed(issue.file, kind, name))
          .map(({ name }) => `${issue.file}: ${name} (${kind})`),
      ),
    );
    assert.deepEqual(found, []);
  });
});

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTracked, root, trackedFiles } from './source-files.ts';

const text = /\.(ts|mjs|c|h|md|json|yaml|proto|sh|service|css|html)$/;
const written = trackedFiles().filter(
  (file) => text.test(file) && !file.includes('/gen/') && file !== 'package-lock.json' && existsSync(join(root, file)),
);

/** Files over 400 lines, each with a reason. */
const longFiles: Record<string, string> = {
  'proto/compat/agent.proto': 'a third-party schema, which is one file there, too',
  'docs/PROMISES.md': 'one table of all promises, a line each',
};

describe('files of the repository', () => {
  it('files have at most 400 lines, or a reason', () => {
    const long = written.filter(
      (file) => !(file in longFiles) && !file.startsWith('proto/golden/') && readTracked(file).split('\n').length > 401,
    );
    assert.deepEqual(long, []);
  });

  it('files contain no paths of a particular machine', () => {
    const paths = /\/(root|home\/[a-z]+|work)\/(?!\.\.)[a-z.]/;
    // Files that run in VMs and in fresh machines contain paths of those.
    const inGuests = /^tests\/(vm|bench|fresh)\//;
    assert.deepEqual(
      written.filter((file) => !inGuests.test(file) && !/\.test\.ts$/.test(file) && paths.test(readTracked(file))),
      [],
    );
  });

  it('files contain no markers of unfinished work', () => {
    const words = new RegExp(`\\b(${['TO', 'FIX'].map((half, index) => half + ['DO', 'ME'][index]).join('|')})\\b`);
    assert.deepEqual(
      written.filter((file) => words.test(readTracked(file))),
      [],
    );
  });

  it('files are small: nothing built or downloaded is committed', () => {
    assert.deepEqual(
      trackedFiles().filter((file) => existsSync(join(root, file)) && statSync(join(root, file)).size > 512 * 1024),
      [],
    );
  });
});

describe('the lock file', () => {
  it('the lock file contains no download address', () => {
    assert.doesNotMatch(readTracked('package-lock.json'), /"resolved": "https?:/);
  });

  it('every dependency is pinned exactly', () => {
    const manifests = trackedFiles().filter((file) => /(^|\/)package\.json$/.test(file));
    const loose = manifests.flatMap((file) => {
      const {
        dependencies = {},
        devDependencies = {},
        optionalDependencies = {},
      } = JSON.parse(readTracked(file)) as Record<string, Record<string, string> | undefined>;
      return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
        .map(([name, version]) => `${file}: ${name} ${version}`);
    });
    assert.deepEqual(loose, []);
  });
});

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTracked, root, trackedFiles } from './source-files.ts';

const text = /\.(ts|mjs|c|h|md|json|yaml|proto|sh|service|css|html)$/;
const written = trackedFiles().filter(
  (file) => text.test(file) && !file.includes('/gen/') && file !== 'package-lock.json' && existsSync(join(root, file)),
);

/** Files over 400 lines, each with its reason. */
const longFiles: Record<string, string> = {
  'proto/compat/agent.proto': 'one foreign schema, in one file on the other side as well',
};

describe('files of the repository', () => {
  it('have at most 400 lines, or a reason', () => {
    const long = written.filter(
      (file) => !(file in longFiles) && !file.startsWith('proto/golden/') && readTracked(file).split('\n').length > 401,
    );
    assert.deepEqual(long, []);
  });

  it('name no path of one machine', () => {
    const paths = /\/(root|home\/[a-z]+|work)\/(?!\.\.)[a-z.]/;
    // What runs in VMs names paths of guests.
    const inGuests = /^tests\/(vm|bench)\//;
    assert.deepEqual(
      written.filter((file) => !inGuests.test(file) && !/\.test\.ts$/.test(file) && paths.test(readTracked(file))),
      [],
    );
  });

  it('have no unfinished words', () => {
    const words = new RegExp(`\\b(${['TO', 'FIX'].map((half, index) => half + ['DO', 'ME'][index]).join('|')})\\b`);
    assert.deepEqual(
      written.filter((file) => words.test(readTracked(file))),
      [],
    );
  });

  it('are small: nothing built or fetched is committed', () => {
    assert.deepEqual(
      trackedFiles().filter((file) => existsSync(join(root, file)) && statSync(join(root, file)).size > 512 * 1024),
      [],
    );
  });
});

describe('the lock file', () => {
  it('names no download address', () => {
    assert.doesNotMatch(readTracked('package-lock.json'), /"resolved": "https?:/);
  });

  it('pins every dependency of ours exactly', () => {
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

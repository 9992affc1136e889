import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { importsOf, readTracked, sourceFiles, trackedFiles } from './source-files.ts';

/** Dependencies that are used without an import. */
const notImported: readonly string[] = ['react-dom'];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const isTest = (file: string): boolean => /\.test\.tsx?$|\/(testing|fake)\//.test(file);

/** "react" of "react/jsx-runtime", "@a/b" of "@a/b/c". */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Files that a file loads by `import()`, such as the pages of the web console, whose exports nobody names. */
function dynamicImportsOf(file: string): string[] {
  return [...readTracked(file).matchAll(/\bimport\('(\.[^']+)'\)/g)].map((match) =>
    join(dirname(file), match[1] ?? ''),
  );
}

/**
 * Not knip, which finds more: on the Node of Debian 12, on which the setup must work, npm leaves out its parser's
 * binaries.
 */
describe('dependencies and exports', () => {
  const manifests = trackedFiles().filter((file) => /^(apps|packages)\/[^/]+\/package\.json$/.test(file));
  const dependenciesOf = (file: string): string[] => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readTracked(file)) as Manifest;
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  };

  it('every dependency is imported by its package', () => {
    const unused = manifests.flatMap((manifest) => {
      const folder = `${dirname(manifest)}/`;
      const text = trackedFiles()
        .filter((file) => file.startsWith(folder) && /\.(tsx?|css|html|mjs)$/.test(file) && !file.includes('/gen/'))
        .map(readTracked)
        .join('\n');
      return dependenciesOf(manifest)
        .filter((name) => !name.startsWith('@types/') && !notImported.includes(name))
        .filter((name) => !text.includes(`'${name}'`) && !text.includes(`'${name}/`) && !text.includes(`"${name}/`))
        .map((name) => `${manifest}: ${name}`);
    });
    assert.deepEqual(unused, []);
  });

  it('every import is declared by its package', () => {
    const undeclared = sourceFiles()
      .filter((file) => !isTest(file))
      .flatMap((file) => {
        const manifest = manifests.find((each) => file.startsWith(`${dirname(each)}/`));
        const declared = manifest === undefined ? [] : dependenciesOf(manifest);
        const itself = manifest === undefined ? '' : (JSON.parse(readTracked(manifest)) as { name: string }).name;
        return importsOf(file)
          .filter(
            ({ specifier, typeOnly }) =>
              !typeOnly && /^[@a-z]/.test(specifier) && !specifier.startsWith('node:') && specifier !== 'host',
          )
          .map(({ specifier }) => packageOf(specifier))
          .filter((name) => name !== itself && !declared.includes(name))
          .map((name) => `${file}: ${name}`);
      });
    assert.deepEqual([...new Set(undeclared)], []);
  });

  it('every export is used by another file', () => {
    const files = trackedFiles().filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.includes('/gen/'));
    const words = new Map<string, Set<string>>();
    for (const file of files) {
      for (const [word] of readTracked(file).matchAll(/[A-Za-z_$][\w$]*/g)) {
        const named = words.get(word) ?? new Set();
        words.set(word, named.add(file));
      }
    }
    const loadedWhole = new Set(files.flatMap(dynamicImportsOf));
    const unused = sourceFiles()
      .filter((file) => !loadedWhole.has(file))
      .filter((file) => !isTest(file) && !file.includes('/gen/'))
      .flatMap((file) =>
        [...readTracked(file).matchAll(/^export (?:async )?(?:function\*?|class|const) ([\w$]+)/gm)]
          .map((match) => match[1] ?? '')
          .filter((name) => (words.get(name)?.size ?? 0) < 2)
          .map((name) => `${file}: ${name}`),
      );
    assert.deepEqual(unused, []);
  });
});

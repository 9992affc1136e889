import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

export interface DirectImportsOptions {
  readonly root: string;
  /** Files of packages with a single entry point, by what is written after `from`. */
  readonly doors: Readonly<Record<string, string>>;
  /** Folders of the sources that it changes. */
  readonly sources: readonly string[];
}

const importStatement = /^import \{([^}]*)\} from '([^']+)';/gm;

/**
 * Makes sources import each name from the file that defines it instead of the package's entry point, so that a chunk has
 * only what it uses: esbuild puts everything that any chunk uses of an entry point into the first one.
 */
export function directImports({ root, doors, sources }: DirectImportsOptions): Plugin {
  const files = new Map(Object.entries(doors).map(([door, path]) => [door, exportsOf(join(root, path))]));
  return {
    name: 'direct imports',
    setup(build) {
      build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
        if (!sources.some((folder) => path.startsWith(join(root, folder, '/')))) return undefined;
        const contents = readFileSync(path, 'utf8').replaceAll(
          importStatement,
          (statement, names: string, door: string) => {
            const known = files.get(door);
            return known === undefined
              ? statement
              : namesOf(names)
                  .map((name) => direct(name, door, known))
                  .join('');
          },
        );
        return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
      });
    },
  };
}

/** The names of an import list except types. */
function namesOf(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

function direct(name: string, door: string, known: ReadonlyMap<string, string>): string {
  const [exported = name] = name.split(' as ');
  const file = known.get(exported);
  if (file === undefined)
    throw new Error(`${door} has no ${exported}, or it is a type and the import does not say so.`);
  return `import { ${name} } from ${JSON.stringify(file)};`;
}

/** The defining file of each name that an entry point exports. */
function exportsOf(door: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const text = readFileSync(door, 'utf8');
  const folder = dirname(door);
  for (const [, names = '', file = ''] of text.matchAll(/^(?:import|export) \{([^}]*)\} from ["']([^"']+)["']/gms))
    for (const name of namesOf(names)) found.set(name, resolve(folder, file));
  for (const [, file = ''] of text.matchAll(/^export \* from ["']([^"']+)["']/gm)) {
    for (const [name, path] of exportsOf(resolve(folder, file))) found.set(name, path);
  }
  for (const [, name = ''] of text.matchAll(/^export (?:abstract )?(?:const|function|class|enum) (\w+)/gm))
    found.set(name, door);
  return found;
}

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** The programs of a package by the name of their bundle. */
const entryPoints = { innkeeper: 'apps/innkeeper/src/main.ts', inn: 'apps/cli/src/main.ts' };

/** Optional dependencies of npm packages; everything works without them. */
const optional = ['pg-native', 'bufferutil', 'utf-8-validate'];

/**
 * Bundles the daemon and the command line into `output`/bundle, with all npm packages that they use. Files that they find
 * in a checkout (`dist/`, `packaging/`) must be under `output` with the same names.
 */
export async function bundlePrograms(root: string, output: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: join(output, 'bundle'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: 'part-[hash]',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    external: optional,
    define: { INNKEEPER_ROOT: 'innkeeperRoot' },
    // For CommonJS packages that require Node's modules.
    banner: {
      js: [
        "import { createRequire as innkeeperRequire } from 'node:module';",
        "import { dirname as innkeeperDirname } from 'node:path';",
        'const require = innkeeperRequire(import.meta.url);',
        'const innkeeperRoot = innkeeperDirname(import.meta.dirname);',
      ].join('\n'),
    },
    plugins: [sourcesKeepTheirPlace(root)],
  });
  return metafile;
}

/** In a bundle, `import.meta` is that of the bundle, but sources expect their path in the checkout. */
function sourcesKeepTheirPlace(root: string): Plugin {
  return {
    name: 'sources-keep-their-place',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\/(apps|packages)\/[^/]+\/src\/.*\.ts$/ }, ({ path }) => {
        const folder = JSON.stringify(`/${relative(root, dirname(path))}`);
        const contents = readFileSync(path, 'utf8')
          .replaceAll('createRequire(import.meta.url)(', 'require(')
          .replaceAll('import.meta.dirname', `(INNKEEPER_ROOT + ${folder})`);
        if (contents.includes('import.meta.')) {
          return {
            errors: [
              { text: 'import.meta can only be bundled as import.meta.dirname or createRequire(import.meta.url)(…)' },
            ],
          };
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** The programs of a package, by the name of their bundle. */
const entryPoints = { innkeeper: 'apps/innkeeper/src/main.ts', inn: 'apps/cli/src/main.ts' };

/** Loaded by their users only where they are installed; everything works without them. */
const optional = ['pg-native', 'bufferutil', 'utf-8-validate'];

/**
 * Bundles the daemon and the command line into `output`/bundle, with all npm packages that they use. The files which they
 * find beside their sources in a checkout (`dist/`, `packaging/`) they find under `output` by the same names.
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
    // What CommonJS packages require of Node.
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

/** In a bundle `import.meta` is the bundle's; sources mean the place that they have in the checkout. */
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
            errors: [{ text: 'import.meta cannot be bundled but as dirname, or in createRequire(import.meta.url)(…)' }],
          };
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

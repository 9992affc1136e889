import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { compressFiles } from './compress-files.ts';
import { directImports } from './direct-imports.ts';
import { leanContract } from './lean-contract.ts';
import { manifestPath, type WebManifest } from './manifest.ts';
import { firstStyles, laterStyles } from './styles.ts';

const source = 'apps/web/src';
const doors = {
  '@mantine/core': 'node_modules/@mantine/core/esm/index.mjs',
  '@mantine/hooks': 'node_modules/@mantine/hooks/esm/index.mjs',
  '@innkeeper/contract/control': 'packages/contract/src/control.ts',
  '@innkeeper/contract/agent': 'packages/contract/src/agent.ts',
  '@innkeeper/client/browser': 'packages/client/src/browser/index.ts',
  '@innkeeper/contract': 'packages/contract/src/index.ts',
  '@innkeeper/kit': 'packages/kit/src/index.ts',
};
/** How long assets of earlier builds are kept. */
const keepOldMs = 24 * 60 * 60 * 1000;
/** The page that counts towards the first load, in addition to what every page has. */
const firstPage = `${source}/pages/overview/overview-page.tsx`;

/** Bundles the console: index.html, and everything else under assets/ with a hash of the content in the name. */
export async function bundleWeb(root: string, output: string): Promise<void> {
  const assets = join(output, 'assets');
  const builtMs = Date.now();
  mkdirSync(assets, { recursive: true });
  const common = {
    absWorkingDir: root,
    outdir: assets,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome120', 'firefox121', 'safari17.4'],
    jsx: 'automatic',
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    metafile: true as const,
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"' },
    conditions: ['module', 'production'],
  } satisfies BuildOptions;
  const small = await build({
    ...common,
    entryPoints: [`${source}/live/live-worker.ts`, `${source}/styles/color-scheme.ts`],
  });
  const worker = outputOf(small.metafile, `${source}/live/live-worker.ts`);
  const scheme = outputOf(small.metafile, `${source}/styles/color-scheme.ts`);
  const [first, later] = [
    await styleSheet(root, common, assets, 'console', firstStyles(root)),
    await styleSheet(root, common, assets, 'later', laterStyles(root)),
  ];
  const icon = writeHashed(assets, 'icon', '.svg', readFileSync(join(root, source, 'styles', 'icon.svg')));
  const main = await build({
    ...common,
    entryPoints: [`${source}/main.tsx`],
    splitting: true,
    plugins: [leanContract(), directImports({ root, doors, sources: ['apps/web/src', 'packages/client/src'] })],
    define: {
      ...common.define,
      INNKEEPER_LIVE_WORKER: JSON.stringify(`/assets/${worker}`),
      INNKEEPER_LATER_STYLES: JSON.stringify(`/assets/${later}`),
    },
  });
  const scripts = scriptsOf(main.metafile, `${source}/main.tsx`);
  const page = readFileSync(join(root, source, 'index.html'), 'utf8')
    .replace('%ICON%', icon)
    .replace('%SCHEME%', scheme)
    .replace('%STYLES%', first)
    .replace(
      '%PRELOADS%',
      scripts
        .slice(1)
        .map((name) => `<link rel="modulepreload" href="/assets/${name}" />`)
        .join(''),
    )
    .replace('%MAIN%', scripts[0] ?? '');
  compressFiles(assets);
  writePage(output, page);
  const names = new Set([scheme, first, icon, ...scripts, ...scriptsOf(main.metafile, firstPage)]);
  const manifest: WebManifest = { firstLoad: ['index.html', ...[...names].map((name) => `assets/${name}`)] };
  writeFileSync(manifestPath(output), JSON.stringify(manifest, undefined, 1));
  removeOld(assets, builtMs);
}

/** Writes atomically, since a daemon may be serving the folder. */
function writePage(output: string, page: string): void {
  const path = join(output, 'index.html');
  for (const [name, contents] of [
    [`${path}.gz`, gzipSync(page, { level: constants.Z_BEST_COMPRESSION })],
    [path, page],
  ] as const) {
    writeFileSync(`${name}.new`, contents);
    renameSync(`${name}.new`, name);
  }
}

/** Removes old assets, which open pages still use for a while. */
function removeOld(assets: string, builtMs: number): void {
  for (const name of readdirSync(assets)) {
    const path = join(assets, name);
    if (statSync(path).mtimeMs < builtMs - keepOldMs) rmSync(path);
  }
}

/** Bundles style sheets in order into one file and returns its name. */
async function styleSheet(
  root: string,
  common: BuildOptions,
  assets: string,
  name: string,
  files: readonly string[],
): Promise<string> {
  // Styles in no layer, those of our components, take precedence over both layers.
  const contents = ['@layer base, mantine;', ...files.map((file) => `@import ${JSON.stringify(file)};`)].join('\n');
  const { outputFiles } = await build({
    ...common,
    stdin: { contents, loader: 'css', resolveDir: root },
    write: false,
  });
  return writeHashed(assets, name, '.css', outputFiles?.[0]?.contents ?? new Uint8Array(0));
}

function writeHashed(assets: string, name: string, extension: string, contents: Uint8Array): string {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8).toUpperCase();
  const file = `${name}-${hash}${extension}`;
  writeFileSync(join(assets, file), contents);
  return file;
}

function outputOf(metafile: Metafile, entryPoint: string): string {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (found === undefined) throw new Error(`The bundle has no ${entryPoint}.`);
  return basename(found[0]);
}

/** The chunk of an entry point and what it imports before it runs. */
function scriptsOf(metafile: Metafile, entryPoint: string): string[] {
  const names: string[] = [];
  const visit = (path: string): void => {
    if (names.includes(basename(path))) return;
    names.push(basename(path));
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement') visit(imported);
  };
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (entry === undefined) throw new Error(`The bundle has no ${entryPoint}.`);
  visit(entry[0]);
  return names;
}

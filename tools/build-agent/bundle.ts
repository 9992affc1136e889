import { build, type Plugin } from 'esbuild';
import { directImports } from '../build-web/direct-imports.ts';
import { leanErrors } from './lean-errors.ts';
import { planParts, type SplitChunk } from './plan-parts.ts';

export interface BundleOptions {
  readonly root: string;
  readonly version: string;
  /** Keep names and line breaks, for stack traces. */
  readonly readable: boolean;
  /** Entry point, relative to `root`. Default: the agent's. */
  readonly entry?: string;
}

/** A module for QuickJS. Its name is its number: "0" is what is loaded at the start. */
export interface Part {
  readonly name: string;
  /** What it is made of, for people. */
  readonly title: string;
  readonly code: string;
}

/** What every module needs to be there first. It has to be evaluated before those that splitting moves out of main.ts. */
const first = 'apps/agent/src/platform/install.ts';

const doors = {
  '@innkeeper/agent-core': 'packages/agent-core/src/index.ts',
  '@innkeeper/contract/agent-lite': 'packages/contract/src/agent-lite.ts',
  '@innkeeper/contract/agent-tags': 'packages/contract/src/agent-tags.ts',
  '@innkeeper/contract/errors': 'packages/contract/src/errors/index.ts',
  '@innkeeper/contract/lite': 'packages/contract/src/lite.ts',
  '@innkeeper/kit': 'packages/kit/src/index.ts',
  '@innkeeper/tar': 'packages/tar/src/index.ts',
  '@innkeeper/wire': 'packages/wire/src/index.ts',
};
/** Folders with the agent's sources. */
const sources = [
  'apps/agent',
  ...['agent-core', 'contract', 'kit', 'tar', 'wire'].map((name) => `packages/${name}/src`),
];

/**
 * The agent's TypeScript as modules for QuickJS: part 0, and one for each `import()`, with what several of these share.
 * What part 0 has itself is in no other. The only remaining imports are other parts and `host`, the C layer; `import()` has
 * become a call of its `loadPart`.
 *
 * Two passes: esbuild's splitting makes a chunk for each set of entry points that reach the same files, some forty; the
 * second pass joins those that are loaded together anyway, and minifies.
 */
export async function bundle({
  root,
  version,
  readable,
  entry = 'apps/agent/src/main.ts',
}: BundleOptions): Promise<Part[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { first, main: entry },
    outdir: 'split',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['host'],
    legalComments: 'none',
    treeShaking: true,
    logLevel: 'warning',
    metafile: true,
    write: false,
    plugins: [leanErrors(root), directImports({ root, doors, sources })],
    define: { INNKEEPER_VERSION: JSON.stringify(version), INNKEEPER_BUILD_TIME_NS: JSON.stringify(buildTimeNs()) },
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path.slice(root.length + 1), text]));
  const chunks = Object.entries(metafile.outputs).map(
    ([path, { entryPoint, imports }]): SplitChunk => ({
      path,
      title: (entryPoint ?? Object.keys(metafile.outputs[path]?.inputs ?? {})[0] ?? path).replace(/^.*\/src\//, ''),
      isEntry: entryPoint !== undefined,
      imports: imports
        .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
        .map((to) => to.path),
      text: texts.get(path) ?? '',
    }),
  );
  const parts = planParts(chunks, ['split/first.js', 'split/main.js']);
  return await Promise.all(
    parts.map(async ({ name, title, entry: code, modules }) => ({
      name,
      title,
      code: await join({ code, modules, readable }),
    })),
  );
}

interface Joined {
  readonly code: string;
  readonly modules: ReadonlyMap<string, string>;
  readonly readable: boolean;
}

/** One module of `code` and the modules it imports. */
async function join({ code, modules, readable }: Joined): Promise<string> {
  const known: Plugin = {
    name: 'known modules',
    setup(each) {
      each.onResolve({ filter: /^split\// }, ({ path }) => ({ path, namespace: 'split' }));
      each.onResolve({ filter: /^(?:host|\d+)$/ }, ({ path }) => ({ path, external: true }));
      each.onLoad({ filter: /./, namespace: 'split' }, ({ path }) => ({ contents: modules.get(path) ?? '' }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: '/' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    minify: !readable,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
    plugins: [known],
  });
  return outputFiles[0]?.text ?? '';
}

/** A fixed date before every build, so that builds are reproducible without git. */
function buildTimeNs(): string {
  return String(Date.UTC(2026, 0, 1) * 1_000_000);
}

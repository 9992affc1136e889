import { build } from 'esbuild';

export interface BundleOptions {
  readonly root: string;
  readonly outFile: string;
  readonly version: string;
  /** Keep names and line breaks, for stack traces. */
  readonly readable: boolean;
  /** Entry point, relative to `root`. Default: the agent's. */
  readonly entry?: string;
}

/** The agent's TypeScript as one module for QuickJS. The only remaining import is `host`, the C layer. */
export async function bundle({
  root,
  outFile,
  version,
  readable,
  entry = 'apps/agent/src/main.ts',
}: BundleOptions): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: outFile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['host'],
    minify: !readable,
    legalComments: 'none',
    treeShaking: true,
    logLevel: 'warning',
    define: { INNKEEPER_VERSION: JSON.stringify(version), INNKEEPER_BUILD_TIME_NS: JSON.stringify(buildTimeNs()) },
  });
}

/** A fixed date before every build, so that builds are reproducible without git. */
function buildTimeNs(): string {
  return String(Date.UTC(2026, 0, 1) * 1_000_000);
}

import { build } from 'esbuild';

export interface BundleOptions {
  readonly root: string;
  readonly outFile: string;
  readonly version: string;
  /** Names kept and lines whole, for stack traces. */
  readonly readable: boolean;
  /** Below `root`. Default: the agent's. */
  readonly entry?: string;
}

/** The agent's TypeScript as one module for QuickJS. The only import left is `host`, the C layer. */
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

/** Reproducible: the day of the newest commit would need git, so it is a day that every build is after. */
function buildTimeNs(): string {
  return String(Date.UTC(2026, 0, 1) * 1_000_000);
}

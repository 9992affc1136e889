import { runStep } from './run-step.ts';

/** Without this, Biome uses colours in files, too. */
const colors = process.stdout.isTTY ? [] : ['--colors=off'];

/** Schemas, types and lint: everything that does not run the programs. */
export async function runStaticChecks(): Promise<void> {
  await runStep('schemas', 'buf', ['lint']);
  await runStep('schemas against main', 'node', ['tools/check-breaking.ts']);
  await runStep('types of the pure packages', 'tsc', ['-p', 'packages/tsconfig.pure.json']);
  await runStep('types of everything else', 'tsc', ['-p', 'tsconfig.json']);
  await runStep('types of the web console', 'tsc', ['-p', 'apps/web/tsconfig.json']);
  await runStep('types of its tests', 'tsc', ['-p', 'apps/web/tsconfig.test.json']);
  await runStep('lint and format', 'biome', ['ci', ...colors, '--error-on-warnings', '--max-diagnostics=50', '.']);
}

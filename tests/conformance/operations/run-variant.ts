import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** How a program ended, with its standard output and then its standard error. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program in the repository's root, with these variables of the environment besides its own. */
export async function runVariant(
  program: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Ended> {
  // Inside of a test, node:test would take the runner for a test file, and run nothing.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(program, words, { cwd: root, env: { ...environment, ...variables } });
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, output: `${stdout.join('')}${stderr.join('')}` };
}

/** Runs the operations' cases with the agent that these variables name: INNKEEPER_TEST_AGENT of running-agent.ts. */
export function runOperations(
  variables: Readonly<Record<string, string>>,
  { words = [] }: { readonly words?: readonly string[] } = {},
): Promise<Ended> {
  const file = join('tests', 'conformance', 'operations', 'operations.test.ts');
  return runVariant(process.execPath, ['--test', '--test-reporter=tap', ...words, file], variables);
}

/** The parts of the output, in TAP, that say what failed. */
export function failuresOf(output: string): string {
  const lines = output.split('\n');
  const starts = lines.flatMap((line, at) => (/^\s*not ok /.test(line) ? [at] : []));
  return starts
    .map((at) => lines.slice(at, at + 25).join('\n'))
    .join('\n')
    .slice(0, 20_000);
}

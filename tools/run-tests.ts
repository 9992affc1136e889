import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitsVariable } from './result-reporter.ts';
import { addFindings, noResults, type TestResults } from './test-results.ts';

export interface Suite {
  readonly name: string;
  readonly globs: readonly string[];
  /** Number of concurrent test files: 1 for VMs and timing. */
  readonly concurrency: number;
  /** Timeout of one test. */
  readonly timeoutMs: number;
  /** Milliseconds that the process of a file has to end after its last test: a minute if not set. */
  readonly graceMs?: number;
}

/** Runs a suite with node:test, shows its output, and returns its results. A crash of the suite counts as one failure. */
export function runSuite(suite: Suite): TestResults {
  process.stdout.write(`\n— ${suite.name}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-tests-'));
  const resultsPath = join(folder, 'results');
  // Inside of a test, node:test would take the runner for a test file, and run nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const limits = `${suite.timeoutMs} ${suite.graceMs ?? 60_000}`;
  const fromMs = performance.now();
  const from = processorMs();
  const { status, signal, error } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${suite.concurrency}`,
      `--test-timeout=${suite.timeoutMs}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'result-reporter.ts')}`,
      `--test-reporter-destination=${resultsPath}`,
      ...suite.globs,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, [limitsVariable]: limits } },
  );
  const results = readResults(resultsPath);
  results.tookMs.set(suite.name, performance.now() - fromMs);
  const to = processorMs();
  results.busy.set(suite.name, 1 - (to.idle - from.idle) / Math.max(1, to.all - from.all));
  rmSync(folder, { recursive: true });
  const where = suite.globs.join(' ');
  const title = `the suite “${suite.name}”`;
  if (status !== 0 && results.failures.length === 0) {
    const end = signal === null ? `with exit code ${status}` : `by ${signal}`;
    const why = error?.message ?? `Its runner ended ${end} without a failed test; its output above says why.`;
    results.failures.push({ where, title, error: why });
  } else if (results.passed + results.failures.length + results.skipped.size === 0) {
    results.failures.push({ where, title, error: 'No test ran.' });
  }
  return results;
}

/** Milliseconds of all processors since the start of this machine. */
function processorMs(): { readonly all: number; readonly idle: number } {
  const times = cpus().map((each) => each.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  return { all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle), idle };
}

function readResults(path: string): TestResults {
  const results = noResults();
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // The runner died before it opened the file; its exit status is the failure.
  }
  addFindings(results, text);
  return results;
}

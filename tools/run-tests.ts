import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Totals over suites. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Suite {
  readonly name: string;
  readonly globs: readonly string[];
  /** Number of concurrent test files: 1 for VMs and timing. */
  readonly concurrency: number;
  /** Timeout of one test file. */
  readonly timeoutMs: number;
}

/** Runs a suite with node:test, shows its output, and returns its counts. A crash of the suite counts as one failure. */
export function runSuite(suite: Suite): TestCounts {
  process.stdout.write(`\n— ${suite.name}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-tests-'));
  const countsPath = join(folder, 'counts.json');
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${suite.concurrency}`,
      `--test-timeout=${suite.timeoutMs}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'count-reporter.ts')}`,
      `--test-reporter-destination=${countsPath}`,
      ...suite.globs,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const counts = readCounts(countsPath);
  rmSync(folder, { recursive: true });
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readCounts(path: string): TestCounts {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestCounts;
  } catch {
    // The runner died before its reporter wrote the counts: one failure.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

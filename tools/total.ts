import type { TestCounts } from './run-tests.ts';

/** Prints the totals and returns the exit code: 0 if something ran and nothing failed. */
export function totalOf(counts: readonly TestCounts[]): number {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

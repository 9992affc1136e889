import { addSkipped, type Failure, noResults, type TestResults } from './test-results.ts';

/** Lines of an error that are shown: fewer the more tests failed, so that the list stays readable and short. */
function linesPerError(failures: number): number {
  return failures <= 20 ? 14 : failures <= 100 ? 4 : 1;
}

const maxColumns = 240;

/** The slowest files are named: those that took this long, and no more than this many. */
const slowMs = 10_000;
const shownFiles = 15;

/**
 * Prints how long each suite and the slowest files took, what was skipped and what failed, then the totals, and returns the
 * exit code: 0 if something ran and nothing failed. The failures are right above the last line, so that the end of a log that was cut shows them.
 */
export function totalOf(parts: readonly TestResults[]): number {
  const sum = noResults();
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failures.push(...part.failures);
    for (const [reason, count] of part.skipped) addSkipped(sum, reason, count);
    for (const [suite, ms] of part.tookMs) sum.tookMs.set(suite, ms);
    for (const [suite, share] of part.busy) sum.busy.set(suite, share);
    for (const [file, ms] of part.fileMs) sum.fileMs.set(file, ms);
  }
  process.stdout.write(closingPart(sum));
  return sum.failures.length === 0 && sum.passed > 0 ? 0 : 1;
}

/** The end of the output, from the times of the suites to the line with the totals. */
export function closingPart({ passed, failures, skipped, tookMs, busy, fileMs }: TestResults): string {
  const reasons = [...skipped].sort(([a, many], [b, few]) => few - many || a.localeCompare(b));
  const skippedCount = reasons.reduce((sum, [, count]) => sum + count, 0);
  const lines: string[] = [''];
  const slowest = [...fileMs].filter(([, ms]) => ms >= slowMs).sort(([, a], [, b]) => b - a);
  const suites = [...tookMs].map(([suite, ms]): [string, number] => {
    const share = busy.get(suite);
    return [share === undefined ? suite : `${suite} (processors ${Math.round(share * 100)} % busy)`, ms];
  });
  const times = [...(suites.length > 1 ? suites : []), ...slowest.slice(0, shownFiles)];
  if (times.length > 0)
    lines.push('Seconds:', ...times.map(([what, ms]) => `${(ms / 1000).toFixed(0).padStart(5)} ${what}`), '');
  if (skippedCount > 0)
    lines.push('Skipped:', ...reasons.map(([reason, count]) => `${`${count}`.padStart(5)} × ${reason}`), '');
  if (failures.length > 0) {
    const count = linesPerError(failures.length);
    lines.push('Failed:', ...failures.flatMap((failure) => describeFailure(failure, count)), '');
  }
  return `${lines.join('\n')}\n${passed} passed, ${failures.length} failed, ${skippedCount} skipped\n`;
}

function describeFailure({ where, title, error }: Failure, count: number): string[] {
  const lines = error.split('\n').filter((line) => line.trim() !== '');
  // Frames inside of Node.js and of packages say nothing about the cause.
  const telling = lines.filter((line) => !/^\s+at .*(\(node:|at async node:|at node:|node_modules)/.test(line));
  const shown = telling.slice(0, count).map((line) => `      ${line.slice(0, maxColumns)}`);
  if (telling.length > count) shown.push('      …');
  return [`  ✖ ${where}: ${title.slice(0, maxColumns)}`, ...shown];
}

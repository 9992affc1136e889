/** A test that failed, or a file or suite that ended without reporting its tests. */
export interface Failure {
  /** Relative to the repository, with the line if it is known: `tools/total.test.ts:12`. */
  readonly where: string;
  readonly title: string;
  /** What the error says, without colours; not bounded. */
  readonly error: string;
}

/** One line of what `result-reporter.ts` writes: at most one property is set, none for a test that passed. */
export interface Finding {
  readonly failure?: Failure;
  /** The reason of a skipped test or group of tests. */
  readonly skipped?: string;
  /** How long a file took. */
  readonly took?: { readonly file: string; readonly ms: number };
}

/** What one suite, or all of them, came to. */
export interface TestResults {
  passed: number;
  failures: Failure[];
  /** The number of skipped tests by their reason. */
  skipped: Map<string, number>;
  /** How long each suite took, by its name. */
  tookMs: Map<string, number>;
  /** Of the time of all processors of this machine during a suite, the part that was used: 0 to 1. */
  busy: Map<string, number>;
  /** How long each file took, by its path. */
  fileMs: Map<string, number>;
}

export function noResults(): TestResults {
  return { passed: 0, failures: [], skipped: new Map(), tookMs: new Map(), busy: new Map(), fileMs: new Map() };
}

/** Adds what the reporter wrote, even if its last line is cut. */
export function addFindings(results: TestResults, text: string): void {
  for (const line of text.split('\n').slice(0, -1)) {
    const { failure, skipped, took } = JSON.parse(line) as Finding;
    if (took !== undefined) results.fileMs.set(took.file, took.ms);
    else if (failure !== undefined) results.failures.push(failure);
    else if (skipped !== undefined) addSkipped(results, skipped, 1);
    else results.passed++;
  }
}

export function addSkipped(results: TestResults, reason: string, count: number): void {
  results.skipped.set(reason, (results.skipped.get(reason) ?? 0) + count);
}

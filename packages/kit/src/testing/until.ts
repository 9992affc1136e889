/** Taken when the module is loaded: a test may replace the timers later. */
const setTimer = globalThis.setTimeout;

export interface UntilOptions {
  /** Milliseconds after which it gives up; 30 s if not set. */
  readonly withinMs?: number;
  /** Milliseconds between two questions; 5 ms if not set, for what happens in this process or on this machine. */
  readonly everyMs?: number;
  /** What is waited for, or what there is instead, in the error; the source of `ask` if not set. */
  readonly what?: string | (() => string);
  /** An error of `ask` means "not yet", such as of a program that does not serve yet; it is the cause of the final one. */
  readonly retryErrors?: boolean;
}

type Positive<T> = Exclude<T, undefined | null | false>;

/**
 * Asks until the answer is neither false, null nor undefined, and returns it. For tests alone, where nothing announces
 * the change. It gives up, since a loop that outlives its failed test keeps the test file's process from ending.
 */
export async function until<T>(ask: () => T | Promise<T>, options: UntilOptions = {}): Promise<Positive<T>> {
  const { withinMs = 30_000, everyMs = 5, retryErrors = false } = options;
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer as Positive<T>;
      cause = undefined;
    } catch (error) {
      if (!retryErrors) throw error;
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(describe(ask, options.what, withinMs), { cause });
    await new Promise<void>((resolve) => setTimer(resolve, everyMs));
  }
}

function describe(ask: () => unknown, what: UntilOptions['what'], withinMs: number): string {
  return `not within ${withinMs} ms: ${typeof what === 'function' ? what() : (what ?? ask.toString())}`;
}

const levels: readonly string[] = ['debug', 'info', 'warn', 'error'];

/** The level of --log-level; "warn" without one. Throws in plain words. */
export function checkLogLevel(text = 'warn'): string {
  if (!levels.includes(text)) throw new Error(`--log-level is ${levels.join(', ')}.`);
  return text;
}

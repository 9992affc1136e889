const levels: readonly string[] = ['debug', 'info', 'warn', 'error'];

/** The level of --log-level; "warn" without one. Throws an Error for the user. */
export function checkLogLevel(text = 'warn'): string {
  if (!levels.includes(text)) throw new Error(`--log-level is ${levels.join(', ')}.`);
  return text;
}

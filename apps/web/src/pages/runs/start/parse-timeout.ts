const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const one = /(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?/y;

/** Parses "90", "30s" or "1h 30m" to milliseconds; a bare number is seconds. Undefined for an invalid duration. */
export function parseTimeout(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '') return undefined;
  let totalMs = 0;
  for (let at = 0; at < trimmed.length; ) {
    one.lastIndex = at;
    const match = one.exec(trimmed);
    if (match === null) return undefined;
    totalMs += Number(match[1]) * (unitMs[match[2] ?? 's'] ?? 1000);
    at = one.lastIndex;
    while (trimmed[at] === ' ') at++;
  }
  return Math.round(totalMs);
}

/** Formats a timeout so that `parseTimeout` and `inn` can parse it: "90s", "2h". */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs % 1000 !== 0) return `${timeoutMs}ms`;
  const seconds = timeoutMs / 1000;
  if (seconds % 60 !== 0) return `${seconds}s`;
  const minutes = seconds / 60;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

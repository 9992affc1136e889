const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const one = /(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?/y;

/** "90", "30s", "1h 30m" in milliseconds; a bare number is seconds. Undefined when it is no duration. */
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

/** "90s", "1h30m": as `parseTimeout` and `inn` read it. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs % 1000 !== 0) return `${timeoutMs}ms`;
  const seconds = timeoutMs / 1000;
  if (seconds % 60 !== 0) return `${seconds}s`;
  const minutes = seconds / 60;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

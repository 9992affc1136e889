import { CliError } from './cli-error.ts';

const factors: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What a timer can count. */
const maxDurationMs = 2 ** 31 - 1;

/** "30s", "500ms", "2m", "1h": milliseconds. A bare number is seconds. */
export function parseDuration(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match?.[1] === undefined) throw new CliError(`${what}: "${text}" is no duration; write 30s, 500ms or 2m`);
  const durationMs = Math.round(Number(match[1]) * (factors[match[2] ?? 's'] ?? 1000));
  if (durationMs > maxDurationMs) throw new CliError(`${what}: "${text}" is more than 24 days`);
  return durationMs;
}

import { CliError } from './cli-error.ts';

const factorsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * "10m", "2h", "7d" before now, or a time such as 2026-11-21 or 2026-11-21T08:00: nanoseconds since the epoch.
 * @throws CliError for what is neither
 */
export function parseSince(text: string, what: string, nowMs: number): bigint {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) return BigInt(nowMs - Number(ago[1]) * (factorsMs[ago[2] ?? ''] ?? 0)) * 1_000_000n;
  // A day alone would be read as UTC, and a person means theirs.
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new CliError(`${what}: "${text}" is no time; write 10m, 2h, 7d or 2026-11-21T08:00`);
  return BigInt(timeMs) * 1_000_000n;
}

import { CliError } from './cli-error.ts';

// `what` is how a message names the value: the option or the argument that it was given for.

/** A whole number from `least` to `most`. @throws CliError */
export function parseCount(text: string, what: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CliError(`${what}: "${text}" is not a whole number from ${least} to ${most}`);
}

const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time that a timer of Node.js can wait, about 24 days. */
const maxDurationMs = 2 ** 31 - 1;

/** "30s", "500ms", "2m" or "1h" in milliseconds. A bare number is seconds. At most 24 days. @throws CliError */
export function parseDuration(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match?.[1] === undefined) throw new CliError(`${what}: "${text}" is not a duration; write 30s, 500ms or 2m`);
  const durationMs = Math.round(Number(match[1]) * (msOf[match[2] ?? 's'] ?? 1000));
  if (durationMs > maxDurationMs) throw new CliError(`${what}: "${text}" is more than 24 days`);
  return durationMs;
}

/**
 * "10m", "2h", "7d" before now, or a time such as 2026-11-21 or 2026-11-21T08:00, in nanoseconds since the epoch.
 * @throws CliError
 */
export function parseSince(text: string, what: string, nowMs: number): bigint {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) return BigInt(nowMs - Number(ago[1]) * (msOf[ago[2] ?? ''] ?? 0)) * 1_000_000n;
  // Date.parse reads a date without a time as UTC; local time is meant.
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new CliError(`${what}: "${text}" is not a time; write 10m, 2h, 7d or 2026-11-21T08:00`);
  return BigInt(timeMs) * 1_000_000n;
}

const bytesOf: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** "512M", "2G", "1.5GiB" or "65536" in bytes. Units are powers of 1024. @throws CliError */
export function parseSize(text: string, what: string): bigint {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:iB|B)?$/i.exec(text);
  const factor = bytesOf[match?.[2]?.toUpperCase() ?? 'none'];
  if (match?.[1] === undefined || factor === undefined)
    throw new CliError(`${what}: "${text}" is not a size; write 512M or 2G`);
  const bytes = Math.round(Number(match[1]) * factor);
  if (bytes >= 2 ** 63) throw new CliError(`${what}: "${text}" is larger than any disk`);
  return BigInt(bytes);
}

/** A tag as "NAME=VALUE", or "NAME" for an empty value. @throws CliError */
export function parseTag(text: string, what: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at === 0 || text === '') throw new CliError(`${what}: "${text}" is not NAME or NAME=VALUE`);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A role as "operator", or "viewer@tag:web"; without a scope it covers everything. */
export function parseRole(text: string): { readonly role: string; readonly scope: string } {
  const at = text.indexOf('@');
  return at < 0 ? { role: text, scope: '*' } : { role: text.slice(0, at), scope: text.slice(at + 1) };
}

/** Permission bits in octal, "644" or "04755". @throws CliError */
export function parseMode(text: string): number {
  if (!/^0?[0-7]{3,4}$/.test(text)) throw new CliError(`"${text}" is not an octal mode, such as 644 or 4755`);
  return Number.parseInt(text, 8);
}

/** "user", "user:group" or ":group"; an absent part is left unchanged. @throws CliError */
export function parseOwner(text: string): { readonly user?: string; readonly group?: string } {
  const [user = '', group = '', ...more] = text.split(':');
  if (more.length > 0 || (user === '' && group === ''))
    throw new CliError(`"${text}" is not an owner: write USER, USER:GROUP or :GROUP`);
  if (group === '') return { user };
  return user === '' ? { group } : { user, group };
}

/** "ctrl-]" or "^]" as the byte that a terminal sends; undefined for "none". @throws CliError */
export function parseKey(text: string, what: string): number | undefined {
  if (text === 'none') return undefined;
  const key = /^(?:ctrl-|\^)([a-z[\]\\^_@])$/i.exec(text)?.[1];
  if (key === undefined) throw new CliError(`${what}: "${text}" is not a key; write ctrl-] or none`);
  return key.toUpperCase().charCodeAt(0) & 0x1f;
}

/** Variables as "NAME=value", or "NAME" for the local variable of that name, which is left out if it is not set. */
export function parseVariables(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text): [string, string | undefined] => {
    const at = text.indexOf('=');
    return at < 1 ? [text, process.env[text]] : [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

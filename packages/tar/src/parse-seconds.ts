import { malformed } from './parse-tar-header.ts';

const nsPerSecond = 1_000_000_000n;
/** Latest time that a header block can express; file systems support less. */
const latestNs = 0o77777777777n * nsPerSecond;
/** 1901: the earliest time that all file systems support. */
const earliestNs = -(2n ** 31n) * nsPerSecond;

/**
 * A time of an extended header, such as "1700000000.123456789", in nanoseconds. Clamps it to 1901 … 2242.
 * @throws MalformedTarError
 */
export function parseSeconds(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,20})(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined) return clamped(Number(text));
  const ns = BigInt(whole) * nsPerSecond + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  const signed = sign === '-' ? -ns : ns;
  return signed < earliestNs ? earliestNs : signed > latestNs ? latestNs : signed;
}

/** In another form: "1e9". */
function clamped(seconds: number): bigint {
  if (!Number.isFinite(seconds)) throw malformed('an extended header with a wrong mtime');
  if (seconds > Number(latestNs / nsPerSecond)) return latestNs;
  if (seconds < Number(earliestNs / nsPerSecond)) return earliestNs;
  return BigInt(Math.floor(seconds * 1000)) * 1_000_000n;
}

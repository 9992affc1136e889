import { CliError } from './cli-error.ts';

const factors: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** "512M", "2G", "1.5GiB", "65536": bytes. Units are of 1024. */
export function parseSize(text: string, what: string): bigint {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:iB|B)?$/i.exec(text);
  const factor = factors[match?.[2]?.toUpperCase() ?? 'none'];
  if (match?.[1] === undefined || factor === undefined)
    throw new CliError(`${what}: "${text}" is no size; write 512M or 2G`);
  const bytes = Math.round(Number(match[1]) * factor);
  if (bytes >= 2 ** 63) throw new CliError(`${what}: "${text}" is more than any disk has`);
  return BigInt(bytes);
}

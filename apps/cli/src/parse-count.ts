import { CliError } from './cli-error.ts';

/** A whole number from `least` to `most`. */
export function parseCount(text: string, what: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CliError(`${what}: "${text}" is no whole number from ${least} to ${most}`);
}

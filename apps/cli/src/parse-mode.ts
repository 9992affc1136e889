import { CliError } from './cli-error.ts';

/** Permission bits in octal, "644" or "04755". */
export function parseMode(text: string): number {
  if (!/^0?[0-7]{3,4}$/.test(text)) throw new CliError(`"${text}" is no mode in octal, such as 644 or 4755`);
  return Number.parseInt(text, 8);
}

import { CliError } from './cli-error.ts';

/**
 * "ctrl-]" as the byte that a terminal sends; undefined for "none".
 * @throws CliError for what is no such key
 */
export function parseKey(text: string, what: string): number | undefined {
  if (text === 'none') return undefined;
  const key = /^(?:ctrl-|\^)([a-z[\]\\^_@])$/i.exec(text)?.[1];
  if (key === undefined) throw new CliError(`${what}: "${text}" is no key; write ctrl-] or none`);
  return key.toUpperCase().charCodeAt(0) & 0x1f;
}

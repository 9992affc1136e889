import { readFileSync } from 'node:fs';
import { parseUpdateKeys } from '../../packages/contract/src/agent-update.ts';

/** A key with a comment that a shell script can contain between quotes. */
const keyLine = /^ed25519 [0-9a-f]{64}( [\w.@:+-]+)*$/;

/** The lines of public keys in a file, as guests trust them. Throws if one is malformed or there is none. */
export function readUpdateKeys(path: string): string {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const [index, line] of lines.entries())
    if (!keyLine.test(line)) throw new Error(`${path}: key ${index + 1} must be "ed25519 64-HEXADECIMAL-DIGITS NAME".`);
  const text = lines.map((line) => `${line}\n`).join('');
  if (parseUpdateKeys(text).length === 0) throw new Error(`${path} has no key for updates.`);
  return text;
}

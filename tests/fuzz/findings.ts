import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { decodeLine, encodeLine } from './engine/corpus-file.ts';
import type { Finding } from './engine/judge.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.cache', 'fuzz');
const maxShownChars = 300;

/** Saves the input of a finding, and says what was found and how to see it again. */
export function reportFinding(name: string, { kind, what, bytes }: Finding, seed: number): string {
  mkdirSync(folder, { recursive: true });
  const line = encodeLine(bytes);
  const path = join(folder, `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.txt`);
  writeFileSync(path, `${line}\n`);
  const shown = line.length <= maxShownChars ? line : `${line.slice(0, maxShownChars)}…`;
  return [
    `${name} (seed ${seed}): ${kind}: ${what}`,
    `  its input: ${shown}`,
    `  to see it again: npm run test:fuzz -- ${name} --input ${relative(root, path)}`,
  ].join('\n');
}

/** The input of a finding that was saved. */
export function readFinding(path: string): Uint8Array {
  return decodeLine(readFileSync(path, 'utf8').trim());
}

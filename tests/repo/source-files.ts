import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's root. */
export const root = join(import.meta.dirname, '..', '..');

/** Tracked and new files as paths from the root, whoever owns the checkout. */
export function trackedFiles(): string[] {
  return execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line !== '');
}

/** TypeScript sources of packages and apps. */
export function sourceFiles(): string[] {
  return trackedFiles().filter((file) => /^(packages|apps)\/[^/]+\/src\/.*\.tsx?$/.test(file));
}

export function readTracked(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

export interface Import {
  readonly specifier: string;
  /** Erased when the code runs. */
  readonly typeOnly: boolean;
}

/** Static and dynamic imports and re-exports of a file, found by regular expressions. */
export function importsOf(file: string): Import[] {
  const text = readTracked(file);
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gms))
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g))
    found.push({ specifier: match[1] ?? '', typeOnly: false });
  return found;
}

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files that a browser loads, as names under dist/web. */
export interface WebManifest {
  /** Everything that is loaded before the overview is shown: page, styles, scripts. */
  readonly firstLoad: readonly string[];
}

/** Path of the manifest, next to the console. It is not served. */
export function manifestPath(output: string): string {
  return `${output}.manifest.json`;
}

export function readManifest(output: string): WebManifest {
  return JSON.parse(readFileSync(manifestPath(output), 'utf8')) as WebManifest;
}

/** Compressed size of the first load, in bytes. */
export function firstLoadBytes(output: string, { firstLoad }: WebManifest): number {
  return firstLoad.reduce((sum, name) => sum + statSync(join(output, `${name}.gz`)).size, 0);
}

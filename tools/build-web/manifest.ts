import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a browser loads, as names under dist/web. */
export interface WebManifest {
  /** Everything that is loaded before the overview stands: page, styles, scripts. */
  readonly firstLoad: readonly string[];
}

/** Where the manifest lies beside the console. It is not served. */
export function manifestPath(output: string): string {
  return `${output}.manifest.json`;
}

export function readManifest(output: string): WebManifest {
  return JSON.parse(readFileSync(manifestPath(output), 'utf8')) as WebManifest;
}

/** Bytes on the wire, compressed. */
export function firstLoadBytes(output: string, { firstLoad }: WebManifest): number {
  return firstLoad.reduce((sum, name) => sum + statSync(join(output, `${name}.gz`)).size, 0);
}

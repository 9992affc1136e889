import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The first configured Debian mirror of this machine, in either format of apt's sources. */
export function debianMirror(): string | undefined {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  for (const file of files.filter((name) => existsSync(name))) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const mirror = /^URIs:\s*(\S+)/.exec(line)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1];
      if (mirror !== undefined && /\/debian\/?$/.test(mirror)) return mirror;
    }
  }
  return undefined;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../build-agent/targets.ts';

/** The kinds of packages. */
export type PackageKind = 'deb' | 'rpm' | 'apk';

/** What is packed: the daemon with the command line, or the agent. */
export interface Product {
  /** The package's name. */
  readonly name: string;
  /** Below packaging/: the folder with the Debian package's control file and scripts. */
  readonly debFolder: string;
  /** Names of the scripts there. */
  readonly debScripts: readonly string[];
  /** Below packaging/. */
  readonly rpmSpec: string;
  /** Values for the templates, by their names between @ signs. `root` is the checkout. */
  values(root: string, kind: PackageKind, target: Target): Readonly<Record<string, string>>;
  /** Adds the files that differ by the kind of package to a copy of the staged tree. */
  complete(tree: string, kind: PackageKind, root: string): void;
}

/** The name of an architecture in a kind of package. Alpine's are those of RPM. */
export function architectureOf(kind: PackageKind, target: Target): string {
  const names = kind === 'deb' ? { x64: 'amd64', arm64: 'arm64' } : { x64: 'x86_64', arm64: 'aarch64' };
  return names[target];
}

/** A template below packaging/ with its values; names between @ signs that have none stay. */
export function fill(root: string, path: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(root, 'packaging', path), 'utf8');
  return text.replace(/@(\w+)@/g, (whole, key: string) => values[key] ?? whole);
}

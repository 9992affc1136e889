import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFromDebian } from './debian-archive.ts';
import { runProgram, tryProgram } from './run-program.ts';

const quickJsVersion = '2025-04-26';

/** SHA-256 of the upstream release's tarball in Debian 13's source package. */
const pinned = new Map([['ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe', 'Debian 13']]);

const upstream = `https://bellard.org/quickjs/quickjs-${quickJsVersion}.tar.xz`;

/** Writes what it has to `tarball`, right or not; nothing if it has nothing. */
type Source = (tarball: string, cache: string) => void;

const defaultSources: readonly Source[] = [fromEnvironment, fromDebian, fromUpstream];

/**
 * Returns a folder with QuickJS' source, downloaded once and verified by its pinned SHA-256. Sources in this order:
 * INNKEEPER_QUICKJS_TARBALL, Debian 13's source package through the machine's own mirror, upstream's address.
 */
export function quickJsSource(cache: string, sources: readonly Source[] = defaultSources): string {
  const folder = join(cache, `quickjs-${quickJsVersion}`);
  if (existsSync(join(folder, 'quickjs.c'))) return folder;
  mkdirSync(cache, { recursive: true });
  const tarball = join(cache, 'quickjs.tar.xz');
  if (!isPinned(tarball)) fetchTarball(cache, tarball, sources);
  const half = `${folder}.part`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half);
  runProgram('tar', ['-xf', tarball, '-C', half, '--strip-components=1']);
  runProgram('mv', ['-T', half, folder]);
  return folder;
}

function fetchTarball(cache: string, tarball: string, sources: readonly Source[]): void {
  for (const source of sources) {
    source(tarball, cache);
    if (isPinned(tarball)) return;
  }
  throw new Error(
    `The source of QuickJS ${quickJsVersion} could not be downloaded. It is Debian 13's source package "quickjs" (file quickjs_2025.04.26.orig.tar.xz, SHA-256 ${[...pinned.keys()][0]}). Download it elsewhere and set INNKEEPER_QUICKJS_TARBALL to its path.`,
  );
}

function isPinned(path: string): boolean {
  return existsSync(path) && pinned.has(createHash('sha256').update(readFileSync(path)).digest('hex'));
}

function fromEnvironment(tarball: string): void {
  const given = process.env['INNKEEPER_QUICKJS_TARBALL'];
  if (given !== undefined && existsSync(given)) copyFileSync(given, tarball);
}

/** Debian 13's source package, whatever release this machine runs. */
function fromDebian(tarball: string, cache: string): void {
  const folder = join(cache, 'apt');
  if (!downloadFromDebian({ folder, kind: 'source', packages: ['quickjs'] })) return;
  const found = readdirSync(folder).find((name) => /^quickjs_.*\.orig\.tar\.xz$/.test(name));
  if (found !== undefined) copyFileSync(join(folder, found), tarball);
}

function fromUpstream(tarball: string): void {
  tryProgram('curl', ['-fsSL', '--max-time', '60', '-o', tarball, upstream], undefined);
}

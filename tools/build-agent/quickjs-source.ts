import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, tryProgram } from './run-program.ts';

export const quickJsVersion = '2025-04-26';

/** The upstream release, as Debian 13 repacks it (xz) and as upstream offers it (xz as well, other bytes). */
const pinned = new Map([['ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe', 'Debian 13']]);

const upstream = `https://bellard.org/quickjs/quickjs-${quickJsVersion}.tar.xz`;

/**
 * A folder with QuickJS' source, fetched once and checked against its pinned SHA-256. From, in this order:
 * INNKEEPER_QUICKJS_TARBALL, Debian 13's source package through the machine's own mirror, upstream's address.
 */
export function quickJsSource(cache: string): string {
  const folder = join(cache, `quickjs-${quickJsVersion}`);
  if (existsSync(join(folder, 'quickjs.c'))) return folder;
  mkdirSync(cache, { recursive: true });
  const tarball = join(cache, 'quickjs.tar.xz');
  if (!isPinned(tarball)) fetchTarball(cache, tarball);
  const half = `${folder}.part`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half);
  runProgram('tar', ['-xf', tarball, '-C', half, '--strip-components=1']);
  runProgram('mv', ['-T', half, folder]);
  return folder;
}

function fetchTarball(cache: string, tarball: string): void {
  const attempts = [() => fromEnvironment(tarball), () => fromDebian(cache, tarball), () => fromUpstream(tarball)];
  for (const attempt of attempts) {
    attempt();
    if (isPinned(tarball)) return;
  }
  throw new Error(
    `The source of QuickJS ${quickJsVersion} could not be fetched. It is Debian 13's source package "quickjs" (file quickjs_2025.04.26.orig.tar.xz, SHA-256 ${[...pinned.keys()][0]}). Put it somewhere and name it in INNKEEPER_QUICKJS_TARBALL.`,
  );
}

function isPinned(path: string): boolean {
  return existsSync(path) && pinned.has(createHash('sha256').update(readFileSync(path)).digest('hex'));
}

function fromEnvironment(tarball: string): void {
  const given = process.env['INNKEEPER_QUICKJS_TARBALL'];
  if (given !== undefined && existsSync(given)) copyFileSync(given, tarball);
}

/** Debian 13's source package, whatever release this machine runs: its own mirror, another suite, an apt state of our own. */
function fromDebian(cache: string, tarball: string): void {
  const mirror = debianMirror();
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (mirror === undefined || !existsSync(keyring)) return;
  const state = join(cache, 'apt');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(state, 'cache', 'archives', 'partial'), { recursive: true });
  const sources = join(state, 'sources.list');
  writeFileSync(sources, `deb-src [signed-by=${keyring}] ${mirror} trixie main\n`);
  const options = [
    ...['-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', `Dir::State::Lists=${join(state, 'lists')}`, '-o', `Dir::Cache=${join(state, 'cache')}`],
  ];
  if (!tryProgram('apt-get', [...options, '-qq', 'update'], state)) return;
  if (!tryProgram('apt-get', [...options, '-qq', 'source', '--download-only', 'quickjs'], state)) return;
  const found = readdirSync(state).find((name) => /^quickjs_.*\.orig\.tar\.xz$/.test(name));
  if (found !== undefined) copyFileSync(join(state, found), tarball);
}

/** The first Debian mirror that this machine is set up with, in either format of apt's sources. */
function debianMirror(): string | undefined {
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

function fromUpstream(tarball: string): void {
  tryProgram('curl', ['-fsSL', '--max-time', '60', '-o', tarball, upstream], undefined);
}

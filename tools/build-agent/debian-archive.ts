import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianMirror } from '../debian-mirror.ts';
import { tryProgram } from './run-program.ts';

/** The release of the downloaded packages, whatever this machine runs. */
const release = 'trixie';

export interface DebianRequest {
  /** Download folder; emptied first. */
  readonly folder: string;
  readonly kind: 'source' | 'binary';
  readonly packages: readonly string[];
  /** Debian's name of the architecture, for binary packages. */
  readonly architecture?: string | undefined;
}

/**
 * Downloads packages of Debian through the machine's mirror, with a separate apt state. apt verifies their signatures.
 * Returns false if the machine has no Debian mirror or keys, or if something fails.
 */
export function downloadFromDebian({ folder, kind, packages, architecture }: DebianRequest): boolean {
  const mirror = debianMirror();
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (mirror === undefined || !existsSync(keyring)) return false;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const sources = join(folder, 'sources.list');
  writeFileSync(sources, `${kind === 'source' ? 'deb-src' : 'deb'} [signed-by=${keyring}] ${mirror} ${release} main\n`);
  const options = [
    ...['-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', `Dir::State::Lists=${join(folder, 'lists')}`, '-o', `Dir::Cache=${join(folder, 'cache')}`],
    ...(architecture === undefined
      ? []
      : ['-o', `APT::Architecture=${architecture}`, '-o', `APT::Architectures::=${architecture}`]),
  ];
  const download = kind === 'source' ? ['source', '--download-only'] : ['download'];
  return (
    tryProgram('apt-get', [...options, '-qq', 'update'], folder) &&
    tryProgram('apt-get', [...options, '-qq', ...download, ...packages], folder)
  );
}

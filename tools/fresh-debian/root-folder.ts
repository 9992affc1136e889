import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianMirror } from '../debian-mirror.ts';

/** The releases that the README supports, with Node 18 and 20, both with npm 9.2. */
export type Release = 'bookworm' | 'trixie';
export const releases: readonly Release[] = ['bookworm', 'trixie'];

const checkout = join(import.meta.dirname, '..', '..');
export const freshDebianCache = join(checkout, '.cache', 'fresh-debian');

/** Exactly the packages that the README requires. */
const packages = ['nodejs', 'npm', 'git', 'ca-certificates'];

/** Of every Debian, though not of mmdebstrap's smallest one. */
const ofDebian = ['mount'];

/** An ordinary user without sudo, and no automatically started services, since there is no init in a root. */
const customize = `set -eu
echo 'person:x:1000:1000::/home/person:/bin/sh' >> "$1/etc/passwd"
echo 'person:x:1000:' >> "$1/etc/group"
install -d -o 1000 -g 1000 "$1/home/person"
install -d "$1/src"
printf '#!/bin/sh\\nexit 101\\n' > "$1/usr/sbin/policy-rc.d"
chmod 755 "$1/usr/sbin/policy-rc.d"`;

/**
 * Returns the folder of a Debian with the packages that the README requires, created once from this machine's mirror
 * (40 s). It is the lower layer of every fresh machine and never modified. Throws with mmdebstrap's last output.
 */
export function rootFolder(release: Release): string {
  const mirror = debianMirror();
  if (mirror === undefined) throw new Error('No Debian mirror is configured in /etc/apt.');
  const key = createHash('sha256')
    .update(JSON.stringify([packages, ofDebian, customize]))
    .digest('hex')
    .slice(0, 12);
  const folder = join(freshDebianCache, `${release}-${key}`);
  if (existsSync(folder)) return folder;
  mkdirSync(freshDebianCache, { recursive: true, mode: 0o700 });
  const half = `${folder}.${process.pid}.part`;
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const argv = [
    '--variant=apt',
    '--quiet',
    '--format=directory',
    `--include=${[...packages, ...ofDebian].join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    // Nobody needs this root after a power cut, and it has thousands of files to sync.
    '--dpkgopt=force-unsafe-io',
    `--customize-hook=${customize}`,
    release,
    half,
    `deb [signed-by=${keyring}] ${mirror} ${release} main`,
  ];
  const { status, stderr, error } = spawnSync('mmdebstrap', argv, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(half, { recursive: true, force: true });
    throw new Error(`mmdebstrap failed: ${error?.message ?? stderr.slice(-2000)}`);
  }
  renameSync(half, folder);
  return folder;
}

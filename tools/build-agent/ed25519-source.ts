import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPinned, type Source } from './pinned-source.ts';

/** TinySSH, of which only the verification of Ed25519 signatures is used: 9 kB of portable C without tables. */
const tinySsh = {
  title: 'TinySSH 20250501',
  folder: 'tinyssh-20250501',
  witness: 'crypto_sign_ed25519_tinyssh.c',
  archive: 'tinyssh.tar.gz',
  sha256: 'f3ae622c765db4e0d791ea90a9feba39d7f693ef9cb949a797f7ad6b404a2d61',
  variable: 'INNKEEPER_TINYSSH_TARBALL',
  debian: { package: 'tinyssh', file: 'tinyssh_20250501.orig.tar.gz' },
  upstream: 'https://github.com/janmojzis/tinyssh/releases/download/20250501/tinyssh-20250501.tar.gz',
};

/** The sources, relative to the folder. */
export const ed25519Files: readonly string[] = [
  'crypto_sign_ed25519_tinyssh.c',
  'crypto_hash_sha512_tinyssh.c',
  'fe.c',
  'fe25519.c',
  'ge25519.c',
  'sc25519.c',
  'crypto_verify_32.c',
  'cleanup.c',
  'cryptoint/int16_optblocker.c',
  'cryptoint/int32_optblocker.c',
  'cryptoint/int64_optblocker.c',
  'cryptoint/uint32_optblocker.c',
  'cryptoint/uint64_optblocker.c',
];

/** Returns a folder with the source. */
export function ed25519Source(cache: string, sources?: readonly Source[]): string {
  const folder = fetchPinned(tinySsh, cache, sources);
  // Made by its configure: empty where its own implementation is used.
  for (const name of ['haslib25519.h', 'haslibrandombytes.h'])
    if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), '');
  return folder;
}

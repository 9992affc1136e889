import { createHash } from 'node:crypto';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { normalize } from './normalize.ts';
import type { PackageSpec } from './package-spec.ts';
import { architectureOf, fill, type Product } from './product.ts';
import { type Archived, archiveOf, entriesOf } from './tar-tree.ts';

/** Scripts of the package, in the folder packaging/agent/apk. */
const scripts = ['pre-install', 'post-install', 'post-upgrade', 'pre-deinstall', 'post-deinstall'];
const description = 'Innkeeper guest agent for virtual machines';

/**
 * Builds a package for Alpine Linux (format 2) from a staged tree and returns its path. It has no signature:
 * "apk add --allow-untrusted". Two gzip streams follow each other, which together hold one tar archive: the control
 * section with the SHA-256 of the second stream, and the files, each with its SHA-1 in a header.
 */
export function buildApk(product: Product, spec: PackageSpec): string {
  const { root, tree, output, target, version, revision, quick, timeSeconds } = spec;
  const architecture = architectureOf('apk', target);
  const folder = join(output, '.apk');
  rmSync(folder, { recursive: true, force: true });
  cpSync(tree, folder, { recursive: true });
  product.complete(folder, 'apk', root);
  const sizeBytes = normalize(folder, timeSeconds);
  const level = quick ? 1 : 9;
  const valuesOf = (content: Buffer) => new Map([['APK-TOOLS.checksum.SHA1', hash('sha1', content)]]);
  const data = gzipSync(archiveOf(entriesOf(folder), { timeSeconds, valuesOf }), { level });
  const information = [
    ['pkgname', product.name],
    ['pkgver', `${version}-r${revision}`],
    ['pkgdesc', description],
    ['builddate', `${timeSeconds}`],
    ['packager', 'The Innkeeper team <innkeeper@localhost>'],
    ['size', `${sizeBytes}`],
    ['arch', architecture],
    ['origin', product.name],
    ['license', 'Apache-2.0 AND MIT'],
    ['datahash', hash('sha256', data)],
  ];
  const values = product.values(root, 'apk', target);
  const control: Archived[] = [
    { path: '.PKGINFO', mode: 0o644, content: text(information.map(([key, value]) => `${key} = ${value}\n`).join('')) },
    ...scripts.map((name) => ({
      path: `.${name}`,
      mode: 0o755,
      content: text(fill(root, join('agent/apk', name), values)),
    })),
  ];
  const path = join(output, `${product.name}-${version}-r${revision}.${architecture}.apk`);
  writeFileSync(
    `${path}.new`,
    Buffer.concat([gzipSync(archiveOf(control, { timeSeconds, isOpen: true }), { level }), data]),
  );
  renameSync(`${path}.new`, path);
  rmSync(folder, { recursive: true });
  return path;
}

function text(content: string): Buffer {
  return Buffer.from(content, 'utf8');
}

function hash(algorithm: 'sha1' | 'sha256', content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex');
}

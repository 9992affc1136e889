import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from './normalize.ts';
import type { PackageSpec } from './package-spec.ts';
import { architectureOf, fill, type Product } from './product.ts';

/** Builds a Debian package from a staged tree and returns its path. Needs dpkg-deb. */
export function buildDeb(product: Product, spec: PackageSpec): string {
  const { root, tree, output, target, version, revision, quick, timeSeconds } = spec;
  const architecture = architectureOf('deb', target);
  const folder = join(output, '.deb');
  rmSync(folder, { recursive: true, force: true });
  cpSync(tree, folder, { recursive: true });
  product.complete(folder, 'deb', root);
  const sizeBytes = normalize(folder, timeSeconds);
  const values: Readonly<Record<string, string>> = {
    ...product.values(root, 'deb', target),
    VERSION: version,
    REVISION: revision,
    ARCHITECTURE: architecture,
    SIZE_KIB: `${Math.ceil(sizeBytes / 1024)}`,
  };
  const sums = files(folder).map((name) => `${md5(join(folder, name))}  ${name}\n`);
  const control = join(folder, 'DEBIAN');
  mkdirSync(control);
  for (const name of ['control', ...product.debScripts]) {
    const content = fill(root, join(product.debFolder, name), values);
    writeFileSync(join(control, name), content, { mode: name === 'control' ? 0o644 : 0o755 });
  }
  // Debian's policy: all files in /etc.
  const settings = files(folder).filter((name) => name.startsWith('etc/'));
  writeFileSync(join(control, 'conffiles'), settings.map((name) => `/${name}\n`).join(''));
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  const path = join(output, `${product.name}_${version}-${revision}_${architecture}.deb`);
  const compression = quick ? ['-Znone'] : ['-Zxz', '-z6'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', folder, `${path}.new`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: `${timeSeconds}` },
  });
  renameSync(`${path}.new`, path);
  rmSync(folder, { recursive: true });
  return path;
}

/** Names of all files in a folder and its subfolders, sorted. */
function files(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}

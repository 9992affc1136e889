import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from './normalize.ts';
import type { PackageSpec } from './package-spec.ts';
import { architectureOf, fill, type Product } from './product.ts';

/** Builds an RPM package from a staged tree and returns its path. Needs rpmbuild, of any distribution. */
export function buildRpm(product: Product, spec: PackageSpec): string {
  const { root, tree, output, target, version, revision, quick, timeSeconds } = spec;
  const architecture = architectureOf('rpm', target);
  const folder = join(output, '.rpm');
  rmSync(folder, { recursive: true, force: true });
  const staged = join(folder, 'tree');
  cpSync(tree, staged, { recursive: true });
  product.complete(staged, 'rpm', root);
  normalize(staged, timeSeconds);
  const specPath = join(folder, 'made.spec');
  const values = {
    ...product.values(root, 'rpm', target),
    VERSION: version,
    REVISION: revision,
    ARCHITECTURE: architecture,
    TREE: staged,
    PAYLOAD: quick ? 'w0.gzdio' : 'w6.xzdio',
  };
  writeFileSync(specPath, fill(root, product.rpmSpec, values));
  mkdirSync(join(folder, 'db'));
  const definitions = [`_topdir ${folder}/top`, `_dbpath ${folder}/db`, `_rpmdir ${folder}`, '_rpmfilename made.rpm'];
  const options = definitions.flatMap((definition) => ['--define', definition]);
  try {
    execFileSync('rpmbuild', ['-bb', '--quiet', '--target', architecture, ...options, specPath], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SOURCE_DATE_EPOCH: `${timeSeconds}` },
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`rpmbuild failed: ${said.slice(-2000)}`, { cause: error });
  }
  const path = join(output, `${product.name}-${version}-${revision}.${architecture}.rpm`);
  renameSync(join(folder, 'made.rpm'), path);
  rmSync(folder, { recursive: true });
  return path;
}

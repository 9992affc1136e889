import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSpec } from './package-spec.ts';
import { addZsh, normalize } from './stage.ts';

const architectures = { x64: ['x86_64', 'qemu-system-x86'], arm64: ['aarch64', 'qemu-system-aarch64'] } as const;

/** Builds an RPM package from a staged tree and returns its path. Needs rpmbuild, of any distribution. */
export function buildRpm({ root, tree, output, version, revision, quick, timeSeconds }: PackageSpec): string {
  const [architecture, qemu] = architectures[process.arch === 'arm64' ? 'arm64' : 'x64'];
  const folder = join(output, '.rpm');
  rmSync(folder, { recursive: true, force: true });
  const staged = join(folder, 'tree');
  cpSync(tree, staged, { recursive: true });
  addZsh(staged, 'usr/share/zsh/site-functions');
  normalize(staged, timeSeconds);
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    REVISION: revision,
    ARCHITECTURE: architecture,
    QEMU: qemu,
    TREE: staged,
    PAYLOAD: quick ? 'w0.gzdio' : 'w6.xzdio',
    MAKE_USER: readFileSync(join(root, 'packaging/daemon/make-user.sh'), 'utf8').trimEnd(),
  };
  const spec = join(folder, 'innkeeper.spec');
  const text = readFileSync(join(root, 'packaging/rpm/innkeeper.spec'), 'utf8');
  writeFileSync(
    spec,
    text.replace(/@(\w+)@/g, (whole, key: string) => values[key] ?? whole),
  );
  mkdirSync(join(folder, 'db'));
  const definitions = [`_topdir ${folder}/top`, `_dbpath ${folder}/db`, `_rpmdir ${folder}`, '_rpmfilename made.rpm'];
  const options = definitions.flatMap((definition) => ['--define', definition]);
  try {
    execFileSync('rpmbuild', ['-bb', '--quiet', '--target', architecture, ...options, spec], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SOURCE_DATE_EPOCH: `${timeSeconds}` },
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`rpmbuild failed: ${said.slice(-2000)}`, { cause: error });
  }
  const path = join(output, `innkeeper-${version}-${revision}.${architecture}.rpm`);
  renameSync(join(folder, 'made.rpm'), path);
  rmSync(folder, { recursive: true });
  return path;
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSpec } from './package-spec.ts';
import { addZsh, normalize } from './stage.ts';

const architectures = { x64: ['amd64', 'qemu-system-x86'], arm64: ['arm64', 'qemu-system-arm'] } as const;

/** Builds a Debian package from a staged tree and returns its path. Needs dpkg-deb. */
export function buildDeb({ root, tree, output, version, revision, quick, timeSeconds }: PackageSpec): string {
  const [architecture, qemu] = architectures[process.arch === 'arm64' ? 'arm64' : 'x64'];
  const folder = join(output, '.deb');
  rmSync(folder, { recursive: true, force: true });
  cpSync(tree, folder, { recursive: true });
  addZsh(folder, 'usr/share/zsh/vendor-completions');
  const sizeBytes = normalize(folder, timeSeconds);
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    REVISION: revision,
    ARCHITECTURE: architecture,
    QEMU: qemu,
    SIZE_KIB: `${Math.ceil(sizeBytes / 1024)}`,
    MAKE_USER: readFileSync(join(root, 'packaging/daemon/make-user.sh'), 'utf8').trimEnd(),
  };
  const sums = files(folder).map((name) => `${md5(join(folder, name))}  ${name}\n`);
  const control = join(folder, 'DEBIAN');
  mkdirSync(control);
  for (const name of ['control', 'postinst', 'prerm', 'postrm']) {
    const text = readFileSync(join(root, 'packaging/deb', name), 'utf8');
    const content = text.replace(/@(\w+)@/g, (whole, key: string) => values[key] ?? whole);
    writeFileSync(join(control, name), content, { mode: name === 'control' ? 0o644 : 0o755 });
  }
  writeFileSync(join(control, 'conffiles'), '/etc/innkeeper/innkeeper.conf\n');
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  const path = join(output, `innkeeper_${version}-${revision}_${architecture}.deb`);
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

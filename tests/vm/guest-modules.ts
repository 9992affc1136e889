import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectModules } from '../../packages/images/src/kernel-modules.ts';
import { findKernelPackages } from '../../packages/images/src/kernel-package.ts';

/**
 * Modules of the guests' kernel that their images lack, as files in loading order: downloaded once with the kernel's
 * package, kept in `folder`.
 */
export async function kernelModules(folder: string, names: readonly string[]): Promise<string[]> {
  const { names: packages, release } = await findKernelPackages();
  const kept = join(folder, release);
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    const work = mkdtempSync(join(folder, 'unpack-'));
    const run = (program: string, ...args: string[]): void => {
      execFileSync(program, args, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
    };
    run('apt-get', 'download', '-q', '-o', 'APT::Sandbox::User=root', ...packages);
    run('sh', '-c', 'for deb in *.deb; do dpkg -x "$deb" root || exit; done');
    const modules = ['usr/lib/modules', 'lib/modules'].map((place) => join(work, 'root', place, release));
    const source = modules.find((place) => existsSync(place)) ?? '';
    mkdirSync(join(work, 'out'));
    for (const [index, { name, content }] of (await collectModules(source, { needed: names, useful: [] })).entries())
      writeFileSync(join(work, 'out', `${index}-${name}.ko`), content);
    execFileSync('mv', [join(work, 'out'), kept]);
    rmSync(work, { recursive: true });
  }
  return readdirSync(kept)
    .sort()
    .map((name) => join(kept, name));
}

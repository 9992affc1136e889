import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { releaseFlags, type Toolchain } from './compile.ts';
import { downloadFromDebian } from './debian-archive.ts';
import { runProgram, tryProgram } from './run-program.ts';
import { type Target, targetNames } from './targets.ts';

/** A requirement for another architecture is missing on this machine; the message says how to install it. */
export class ToolchainMissing extends Error {
  override readonly name = 'ToolchainMissing';
}

/** A toolchain that builds for another architecture than this machine's. Throws ToolchainMissing with instructions if something is missing. */
export function crossToolchain(target: Target, cache: string): Toolchain {
  const { gnu, musl } = targetNames[target];
  const compiler = `${gnu}-gcc`;
  if (!tryProgram(compiler, ['--version'], undefined))
    throw new ToolchainMissing(
      `The compiler ${compiler} is not installed. Install it: apt-get install gcc-${gnu.replaceAll('_', '-')}.`,
    );
  const tree = muslTree(target, cache);
  const specs = join(cache, `musl-${target}.specs`);
  const original = readFileSync(join(tree, 'lib', musl, 'musl-gcc.specs'), 'utf8');
  writeFileSync(specs, specsFor(original, tree));
  const headers = ['-idirafter', join(tree, 'include'), '-idirafter', join(tree, 'include', gnu)];
  return {
    compiler,
    flags: [`-specs=${specs}`, ...releaseFlags, ...headers],
    strip: `${gnu}-strip`,
  };
}

/** Why this machine cannot build the agent for another architecture and run it; undefined if it can. */
export function whyNoCrossBuild(target: Target, cache: string): string | undefined {
  const { emulator } = targetNames[target];
  if (!tryProgram(emulator, ['--version'], undefined))
    return `${emulator} is not installed: apt-get install qemu-user-static`;
  try {
    crossToolchain(target, cache);
    return undefined;
  } catch (error) {
    if (error instanceof ToolchainMissing) return error.message;
    throw error;
  }
}

/** GCC's specs of musl for another place than /usr. A space separates words in specs; a backslash makes it part of one. */
export function specsFor(original: string, tree: string): string {
  return original.replaceAll('/usr/', `${tree.replaceAll(' ', '\\ ')}/`);
}

/**
 * A folder like /usr with musl and the kernel's headers for another architecture: /usr itself if it has them, otherwise
 * Debian's packages, unpacked once.
 */
function muslTree(target: Target, cache: string): string {
  const { debian, gnu, musl } = targetNames[target];
  const isWhole = (tree: string): boolean =>
    existsSync(join(tree, 'lib', musl, 'musl-gcc.specs')) && existsSync(join(tree, 'include', gnu, 'asm'));
  if (isWhole('/usr')) return '/usr';
  const tree = join(cache, `musl-${target}`, 'usr');
  if (isWhole(tree)) return tree;
  const folder = join(cache, 'apt-musl');
  const packages = ['musl-dev', 'linux-libc-dev'];
  if (downloadFromDebian({ folder, kind: 'binary', packages, architecture: debian })) {
    const root = join(cache, `musl-${target}`);
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb')))
      runProgram('dpkg-deb', ['-x', join(folder, name), root]);
  }
  if (isWhole(tree)) return tree;
  throw new ToolchainMissing(
    `musl for ${debian} could not be fetched from a Debian mirror. Install it: dpkg --add-architecture ${debian}, apt-get update, apt-get install ${packages.map((name) => `${name}:${debian}`).join(' ')}.`,
  );
}

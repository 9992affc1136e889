/** Architectures for which the agent is built, by Node's names. */
export type Target = 'x64' | 'arm64';

export const targets: readonly Target[] = ['x64', 'arm64'];

export interface TargetNames {
  /** Debian's name of the architecture. */
  readonly debian: string;
  /** The GNU triplet in the names of compilers and library folders. */
  readonly gnu: string;
  readonly musl: string;
  /** The user-mode emulator that runs its programs on another architecture. */
  readonly emulator: string;
}

export const targetNames: Readonly<Record<Target, TargetNames>> = {
  x64: { debian: 'amd64', gnu: 'x86_64-linux-gnu', musl: 'x86_64-linux-musl', emulator: 'qemu-x86_64-static' },
  arm64: { debian: 'arm64', gnu: 'aarch64-linux-gnu', musl: 'aarch64-linux-musl', emulator: 'qemu-aarch64-static' },
};

/** This machine's architecture. */
export const ownTarget: Target = process.arch === 'arm64' ? 'arm64' : 'x64';

/** The other one, whose programs this machine emulates. */
export const otherTarget: Target = ownTarget === 'x64' ? 'arm64' : 'x64';

/** Reads `--arch x64|arm64|all`, also by Debian's and uname's names; default: this machine's. Throws for others. */
export function wantedTargets(argv: readonly string[]): readonly Target[] {
  const at = argv.indexOf('--arch');
  if (at === -1) return [ownTarget];
  const name = argv[at + 1] ?? '';
  if (name === 'all') return targets;
  const aliases: Readonly<Record<string, Target>> = { amd64: 'x64', x86_64: 'x64', aarch64: 'arm64' };
  const target = targets.find((known) => known === (aliases[name] ?? name));
  if (target === undefined) throw new Error(`--arch must be x64, arm64 or all, not "${name}".`);
  return [target];
}

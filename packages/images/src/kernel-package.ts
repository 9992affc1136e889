import { readFile } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract/errors';
import { type Abortable, runProgram } from './host-tools/index.ts';

/** The packages of the newest kernel for VMs in this host's distribution. */
export interface KernelPackages {
  /** The kernel, and on Ubuntu its modules. */
  readonly names: readonly string[];
  /** As `uname -r` prints it. */
  readonly release: string;
}

/** Metapackages that depend on the newest kernel: small kernels for VMs first, then generic ones. */
const metaPackages: Readonly<Record<string, readonly string[]>> = {
  ubuntu: ['linux-image-virtual', 'linux-image-generic'],
  debian: ['linux-image-cloud-amd64', 'linux-image-amd64'],
};

/**
 * Finds the kernel in the host's package lists; nothing is downloaded. Rejects with IMAGE_BUILD_FAILED when the lists have
 * none, for example before the first `apt-get update`.
 */
export async function findKernelPackages(options: Abortable = {}): Promise<KernelPackages> {
  const distribution = await hostDistribution();
  for (const meta of metaPackages[distribution] ?? []) {
    const image = (await dependenciesOf(meta, options)).find((name) => /^linux-image-\d/.test(name));
    if (image === undefined) continue;
    const release = image.replace('linux-image-', '');
    const names = distribution === 'ubuntu' ? [image, `linux-modules-${release}`] : [image];
    return { names, release };
  }
  throw new OperationError('IMAGE_BUILD_FAILED', 'The package lists of this host contain no kernel for VMs.', {
    nextStep: 'Update them: apt-get update.',
  });
}

/** "debian" or "ubuntu", also for their derivatives. */
async function hostDistribution(): Promise<'debian' | 'ubuntu'> {
  const text = await readFile('/etc/os-release', 'utf8');
  const words = text.match(/^ID(?:_LIKE)?=.*$/gm)?.join(' ') ?? '';
  return /\bubuntu\b/.test(words) ? 'ubuntu' : 'debian';
}

async function dependenciesOf(meta: string, { signal }: Abortable): Promise<string[]> {
  const { exitCode, stdout } = await runProgram('apt-cache', ['depends', meta], { signal });
  if (exitCode !== 0) return [];
  return [...stdout.matchAll(/^ *Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
}

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { hostArchitecture } from '../../packages/images/src/agent-architecture.ts';
import { buildImage, createOverlay, type GuestKernel, prepareBase } from '../../packages/images/src/index.ts';

const root = join(import.meta.dirname, '..', '..');

/** Images and kernels are built once; the VM tests share them. */
export const cacheDirectory = join(root, '.cache', 'vm-tests', 'data', 'cache');
export const agentBinaryPath = join(root, 'dist', 'agent', `innkeeper-agent-linux-${process.arch}`);

/** A disk with our agent in it (and qemu-ga, if it is Debian's), and the kernel that boots it. */
export interface BenchImage {
  /** Without our agent; Debian's has 1 GiB, sparse. */
  readonly originalPath: string;
  readonly diskPath: string;
  readonly kernel: GuestKernel;
}

/** Builds the guest's disk in `directory`, as the node does for its VMs. Rejects when it cannot be built. */
export async function makeBenchImage(
  kind: 'debian' | 'tiny',
  directory: string,
  onStage: (stage: string) => void,
): Promise<BenchImage> {
  const { originalPath, kernel } = await buildImage(kind, { directory, cacheDirectory }, { onStage });
  const basePath = join(directory, 'base.raw');
  const base = await prepareBase({
    originalPath,
    format: 'raw',
    agentPaths: { [hostArchitecture]: agentBinaryPath },
    agentVersion: 'bench',
    outPath: basePath,
  });
  if (!base.ok) throw new Error(`The agent cannot be put into the image: ${base.detail}`);
  const diskPath = join(directory, 'disk.qcow2');
  await createOverlay({ basePath, baseFormat: 'raw', diskPath, sizeBytes: 0 });
  return { originalPath, diskPath, kernel };
}

/** Compiles the C floor for the guest; its path. */
export function compileBenchPeer(directory: string): string {
  const output = join(directory, 'bench-peer');
  const source = join(root, 'apps', 'agent', 'c', 'bench-peer.c');
  const result = spawnSync('musl-gcc', ['-std=gnu11', '-O2', '-static', '-o', output, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`bench-peer does not compile: ${result.stderr || String(result.error)}`);
  return output;
}

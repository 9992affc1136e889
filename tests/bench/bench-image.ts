import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { hostArchitecture } from '../../packages/images/src/agent-architecture.ts';
import { buildImage, createOverlay, type GuestKernel, prepareBase } from '../../packages/images/src/index.ts';
import { keptCache } from '../vm/kept-folder.ts';

const root = join(import.meta.dirname, '..', '..');

export const agentBinaryPath = join(root, 'dist', 'agent', `innkeeper-agent-linux-${process.arch}`);

/** A disk with Innkeeper's agent (and qemu-ga, in Debian's image), and its kernel. */
export interface BenchImage {
  /** Image without Innkeeper's agent; Debian's is sparse with 1 GiB. */
  readonly originalPath: string;
  readonly diskPath: string;
  readonly kernel: GuestKernel;
}

/** Builds the guest's disk in `directory`, like a node. */
export async function makeBenchImage(
  kind: 'debian' | 'tiny',
  directory: string,
  onStage: (stage: string) => void,
): Promise<BenchImage> {
  const { originalPath, kernel } = await buildImage(kind, { directory, cacheDirectory: keptCache }, { onStage });
  const basePath = join(directory, 'base.raw');
  const base = await prepareBase({
    originalPath,
    format: 'raw',
    agentPaths: { [hostArchitecture]: agentBinaryPath },
    agentVersion: 'bench',
    outPath: basePath,
  });
  if (!base.ok) throw new Error(`The agent could not be installed in the image: ${base.detail}`);
  const diskPath = join(directory, 'disk.qcow2');
  await createOverlay({ basePath, baseFormat: 'raw', diskPath, sizeBytes: 0 });
  return { originalPath, diskPath, kernel };
}

/** Compiles the C program that shows the lower bound, and returns its path. */
export function compileBenchPeer(directory: string): string {
  const output = join(directory, 'bench-peer');
  const source = join(root, 'apps', 'agent', 'c', 'bench-peer.c');
  const result = spawnSync('musl-gcc', ['-std=gnu11', '-O2', '-static', '-o', output, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`bench-peer does not compile: ${result.stderr || String(result.error)}`);
  return output;
}

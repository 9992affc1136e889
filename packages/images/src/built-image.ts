import type { StageOptions } from './stage-options.ts';

export type ImageKind = 'tiny' | 'debian' | 'debian-openrc';

export interface BuildOptions extends StageOptions {
  /** Absolute. Kernels and images are kept in it by a hash of what they are made of; made when missing. */
  readonly cacheDirectory: string;
  /** Build again although it is in the cache. Default false. */
  readonly rebuild?: boolean | undefined;
  /** What the tools say, line by line. */
  readonly onLog?: ((line: string) => void) | undefined;
}

export interface GuestKernel {
  readonly path: string;
  readonly initrdPath: string;
  readonly commandLine: string;
  /** As `uname -r` says. */
  readonly release: string;
}

/** An image that boots with the kernel beside it. The agent is not in it. */
export interface BuiltImage {
  readonly kind: ImageKind;
  /** In the cache; a sparse raw file with an ext4 file system over the whole disk. Copy it, do not change it. */
  readonly rawPath: string;
  readonly virtualBytes: number;
  readonly kernel: GuestKernel;
  /** Hash of what it was made of; the same inputs give the same. */
  readonly inputsSha256: string;
  /** Nothing had to be built. */
  readonly fromCache: boolean;
}

import type { StageOptions } from './stage-options.ts';

export type ImageKind = 'tiny' | 'debian' | 'debian-openrc';

export interface BuildOptions extends StageOptions {
  /** The cache of kernels and images, keyed by a hash of their inputs. Absolute; created when missing. */
  readonly cacheDirectory: string;
  /** Build again even if it is in the cache. Default: false. */
  readonly rebuild?: boolean | undefined;
  /** Called with each line that the tools print. */
  readonly onLog?: ((line: string) => void) | undefined;
}

export interface GuestKernel {
  readonly path: string;
  readonly initrdPath: string;
  readonly commandLine: string;
  /** As `uname -r` prints it. */
  readonly release: string;
}

/** An image that boots with a separate kernel. It does not contain the agent. */
export interface BuiltImage {
  readonly kind: ImageKind;
  /** In the cache; a sparse raw file with an ext4 file system over the whole disk. Copy it, do not change it. */
  readonly rawPath: string;
  readonly virtualBytes: number;
  readonly kernel: GuestKernel;
  /** Hash of its inputs. */
  readonly inputsSha256: string;
  /** Whether it came from the cache. */
  readonly fromCache: boolean;
}

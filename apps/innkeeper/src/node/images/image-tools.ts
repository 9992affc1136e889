import type { ReasonName } from '@innkeeper/contract';
import type { Abortable } from '@innkeeper/hypervisor';
import type { ByArchitecture } from '@innkeeper/images';

export interface StagedOptions extends Abortable {
  readonly onStage?: (text: string, progress?: number) => void;
}

export type ImageKind = 'tiny' | 'debian' | 'debian-openrc';

export interface ImageKernel {
  readonly path: string;
  readonly initrdPath: string | undefined;
  readonly commandLine: string;
}

export type PreparedBase =
  | { readonly ok: true; readonly initSystem: string; readonly path: string; readonly format: 'raw' }
  | { readonly ok: false; readonly reason: ReasonName; readonly detail: string; readonly nextStep: string };

/** The functions on image files that the node uses: @innkeeper/images, or fakes in tests. */
export interface ImageTools {
  buildImage(
    kind: ImageKind,
    at: { readonly directory: string; readonly cacheDirectory: string; readonly rebuild: boolean },
    options: StagedOptions,
  ): Promise<{ readonly originalPath: string; readonly format: 'raw'; readonly kernel: ImageKernel }>;
  importImage(
    path: string,
    at: { readonly directory: string },
    options: StagedOptions,
  ): Promise<{
    readonly originalPath: string;
    readonly format: 'raw' | 'qcow2';
    readonly virtualBytes: bigint;
    readonly sha256: string;
  }>;
  prepareBase(
    request: {
      readonly originalPath: string;
      readonly format: 'raw' | 'qcow2';
      readonly agentPaths: ByArchitecture<string>;
      readonly agentVersion: string;
      readonly updateKeys: string;
      readonly outPath: string;
    },
    options: StagedOptions,
  ): Promise<PreparedBase>;
  /** Resolves to why the root of a disk larger than its base will not grow at the first boot; undefined if it will. */
  createOverlay(
    request: {
      readonly basePath: string;
      readonly baseFormat: 'raw' | 'qcow2';
      readonly diskPath: string;
      readonly sizeBytes: number;
    },
    options: StagedOptions,
  ): Promise<string | undefined>;
  /** Has a disk that nobody uses name the file that it lies over by where that is now; nothing when it does already. */
  rebaseOverlay(
    request: { readonly diskPath: string; readonly basePath: string; readonly baseFormat: 'raw' | 'qcow2' },
    options: StagedOptions,
  ): Promise<void>;
  imageInfo(
    path: string,
  ): Promise<{ readonly format: string; readonly virtualBytes: bigint; readonly diskBytes: bigint }>;
}

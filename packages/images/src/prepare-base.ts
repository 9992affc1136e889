import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isOperationError, type ReasonName } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { type AgentArchitecture, agentArchitectures, type ByArchitecture } from './agent-architecture.ts';
import { copyToRaw } from './copy-image.ts';
import { hostDiskFull, isHostDiskFull } from './host-tools/index.ts';
import type { InitSystem } from './init-system.ts';
import { type ImageFormat, inspectImage } from './inspect-image.ts';
import { installAgent } from './install-agent.ts';
import type { StageOptions } from './stage-options.ts';

const maxAgentBytes = 64 * mib;

export interface BaseRequest {
  /** Never written to. */
  readonly originalPath: string;
  readonly format: ImageFormat;
  readonly agentPaths: ByArchitecture<string>;
  readonly agentVersion: string;
  /** Text of the file of keys that may sign a later agent. Default: there is none. */
  readonly updateKeys?: string | undefined;
  /** Absolute. Replaced atomically if it exists. */
  readonly outPath: string;
}

export type PreparedBase =
  | { readonly ok: true; readonly initSystem: InitSystem; readonly path: string; readonly format: 'raw' }
  /** The agent could not be installed in this image; VMs can still be created from the original. */
  | { readonly ok: false; readonly reason: ReasonName; readonly detail: string; readonly nextStep: string };

/** Problems with the image or missing tools, which are a result to show and not a failure of the daemon. */
const answers: ReadonlySet<ReasonName> = new Set([
  'IMAGE_CORRUPT',
  'IMAGE_NOT_EXT4',
  'IMAGE_NEEDS_UEFI',
  'IMAGE_NO_INIT',
  'IMAGE_ARCHITECTURE',
  'IMAGE_UNSAFE_PATH',
  'IMAGE_FULL',
  'IMAGE_UNREADABLE',
  'PROGRAM_MISSING',
]);

/**
 * Makes a raw copy of an image with the agent installed as a service of the image's init system. No mount, no root.
 *
 * The copy is edited under a temporary name next to `outPath` and renamed only once everything was verified and the file
 * system is clean. Idempotent: repeating it, with the same or another agent, gives the same result as doing it once.
 * Rejects with HOST_DISK_FULL, DEADLINE_EXCEEDED, or the signal's reason, and leaves nothing behind then.
 */
export async function prepareBase(request: BaseRequest, options: StageOptions = {}): Promise<PreparedBase> {
  const { signal, onStage } = options;
  signal?.throwIfAborted();
  const { outPath } = request;
  const workDirectory = await mkdtemp(join(dirname(outPath), `.${basename(outPath)}-`));
  try {
    const copy = join(workDirectory, 'base.raw');
    onStage?.('Copying the image', 0);
    await assertFormat(request);
    await copyToRaw({ path: request.originalPath, format: request.format }, copy, { signal });
    onStage?.(`Installing agent ${request.agentVersion} in the copy`, 0.7);
    const agents = await readAgents(request.agentPaths);
    const { initSystem } = await installAgent({
      imagePath: copy,
      agents,
      updateKeys: request.updateKeys,
      workDirectory,
      signal,
    });
    await flush(copy);
    signal?.throwIfAborted();
    await rename(copy, outPath);
    return { ok: true, initSystem, path: outPath, format: 'raw' };
  } catch (error) {
    signal?.throwIfAborted();
    if (isHostDiskFull(error)) throw hostDiskFull('installing the agent in the image', error);
    if (!isOperationError(error) || !answers.has(error.reason)) throw error;
    return { ok: false, reason: error.reason, detail: error.message, nextStep: error.nextStep };
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

async function readAgents(paths: ByArchitecture<string>): Promise<ByArchitecture<Uint8Array>> {
  const agents: { -readonly [K in AgentArchitecture]?: Uint8Array } = {};
  for (const architecture of agentArchitectures) {
    const path = paths[architecture];
    if (path !== undefined) agents[architecture] = await readRegularFile(path, maxAgentBytes);
  }
  return agents;
}

/** Inspected again: a file that changed since it was added could now refer to other files of the host. */
async function assertFormat({ originalPath, format }: BaseRequest): Promise<void> {
  // An image that was added as raw stays raw, whatever its first bytes are now.
  if (format === 'qcow2') await inspectImage(originalPath);
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

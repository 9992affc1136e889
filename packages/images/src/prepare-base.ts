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
  /** Absolute. Replaced whole if it exists. */
  readonly outPath: string;
}

export type PreparedBase =
  | { readonly ok: true; readonly initSystem: InitSystem; readonly path: string; readonly format: 'raw' }
  /** The agent could not be put into this image; VMs of it can be made all the same, from the original. */
  | { readonly ok: false; readonly reason: ReasonName; readonly detail: string; readonly nextStep: string };

/** What is the image's own fault, or a missing tool's: an answer to show, and no failure of the daemon. */
const answers: ReadonlySet<ReasonName> = new Set([
  'IMAGE_CORRUPT',
  'IMAGE_NOT_EXT4',
  'IMAGE_NO_INIT',
  'IMAGE_ARCHITECTURE',
  'IMAGE_UNSAFE_PATH',
  'IMAGE_FULL',
  'IMAGE_UNREADABLE',
  'PROGRAM_MISSING',
]);

/**
 * Makes a raw copy of an image with the agent in it, started by the image's own init system. No mount, no root.
 *
 * The copy is made and edited under a temporary name beside `outPath` and appears there only when all of it was read
 * back and the file system is clean. Doing it again, with the same or another agent, gives the same as doing it once.
 * Rejects with HOST_DISK_FULL, DEADLINE_EXCEEDED, or the signal's reason; nothing is left then.
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
    onStage?.(`Putting agent ${request.agentVersion} into the copy`, 0.7);
    const agents = await readAgents(request.agentPaths);
    const { initSystem } = await installAgent({ imagePath: copy, agents, workDirectory, signal });
    await flush(copy);
    signal?.throwIfAborted();
    await rename(copy, outPath);
    return { ok: true, initSystem, path: outPath, format: 'raw' };
  } catch (error) {
    signal?.throwIfAborted();
    if (isHostDiskFull(error)) throw hostDiskFull('putting the agent into the image', error);
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

/** A file that changed since it was added may have become something that refers to other files of the host. */
async function assertFormat({ originalPath, format }: BaseRequest): Promise<void> {
  // Raw is raw, whatever its first bytes look like by now.
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

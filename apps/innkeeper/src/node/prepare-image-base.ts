import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ImageRow } from '@innkeeper/store';
import { type AgentInstall, unknownAgentInstall } from './agent-install.ts';
import type { NodeContext } from './context.ts';
import type { StagedOptions } from './image-tools.ts';

/** What a VM's disk is laid over. */
export interface Base {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  readonly install: AgentInstall;
}

/** As it is kept in the image's row. `path` is absent when the agent could not be put in. */
export interface StoredBase {
  readonly build: string;
  readonly path: string | undefined;
  readonly install: AgentInstall;
}

/**
 * Puts the agent into a copy of the image, once for each build of the agent. When it cannot be put in, the image is
 * used as it was added, and `install` says why.
 */
export async function prepareImageBase(context: NodeContext, image: ImageRow, options: StagedOptions): Promise<Base> {
  const { agentBinary, folder, store } = context;
  const originalPath = resolve(folder.path, image.path);
  const format = image.format === 'qcow2' ? 'qcow2' : 'raw';
  if (agentBinary === undefined) {
    const install: AgentInstall = {
      ...unknownAgentInstall,
      reason: 'PROGRAM_MISSING',
      detail: 'The agent was not built, so it could not be put into the image.',
      nextStep: 'Build it with "npm run build:agent", restart the daemon and create the VM again.',
    };
    return { path: originalPath, format, install };
  }
  const known = image.base === null ? undefined : (JSON.parse(image.base) as StoredBase);
  if (known?.build === agentBinary.build) {
    if (known.path === undefined) return { path: originalPath, format, install: known.install };
    if (existsSync(known.path)) return { path: known.path, format: 'raw', install: known.install };
  }
  options.onStage?.(`putting the agent into the image "${image.name}"`);
  const outPath = join(folder.imageFolder(image.name), `base-${agentBinary.build}.raw`);
  const request = {
    originalPath,
    format,
    outPath,
    agentBinaryPath: agentBinary.path,
    agentVersion: agentBinary.version,
  } as const;
  const made = await context.images.prepareBase(request, options);
  const install: AgentInstall = made.ok
    ? { ...unknownAgentInstall, version: agentBinary.version, initSystem: made.initSystem }
    : { ...unknownAgentInstall, reason: made.reason, detail: made.detail, nextStep: made.nextStep };
  const stored: StoredBase = { build: agentBinary.build, path: made.ok ? made.path : undefined, install };
  await store.images.update(image.name, { base: JSON.stringify(stored) });
  await removeUnusedBases(context, image.name, stored.path);
  return made.ok ? { path: made.path, format: 'raw', install } : { path: originalPath, format, install };
}

/** Bases of older agents go when no VM's disk lies over them. */
async function removeUnusedBases(context: NodeContext, name: string, current: string | undefined): Promise<void> {
  const directory = context.folder.imageFolder(name);
  const used = new Set((await context.store.vms.list()).map((vm) => vm.base_path));
  for (const entry of await readdir(directory)) {
    const path = join(directory, entry);
    if (/^base-.*\.raw$/.test(entry) && path !== current && !used.has(path)) await rm(path, { force: true });
  }
}

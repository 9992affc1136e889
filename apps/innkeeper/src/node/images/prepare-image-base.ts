import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '@innkeeper/kit';
import type { ImageRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { writeImageManifest } from '../data/manifest.ts';
import { fullPath, storedPath } from '../data/stored-path.ts';
import { listFolder } from '../data/unfinished.ts';
import { listUnknownVms } from '../data/unknown-vms.ts';
import { type AgentInstall, unknownAgentInstall } from './agent-install.ts';
import type { StagedOptions } from './image-tools.ts';

/** The base of a VM's disk. */
export interface Base {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  readonly install: AgentInstall;
}

/** A base as stored in the image's row. `path` is absent when the agent could not be installed. */
interface StoredBase {
  readonly build: string;
  readonly path: string | undefined;
  readonly install: AgentInstall;
}

/**
 * Installs the agent in a copy of the image, once for each build of the agent. When that is not possible, the original
 * image is used, and `install` has the reason.
 */
export async function prepareImageBase(context: NodeContext, image: ImageRow, options: StagedOptions): Promise<Base> {
  const { agentBinary, folder, store, updateKey } = context;
  const originalPath = fullPath(folder, image.path);
  const format = image.format === 'qcow2' ? 'qcow2' : 'raw';
  if (agentBinary === undefined) {
    const install: AgentInstall = {
      ...unknownAgentInstall,
      reason: 'PROGRAM_MISSING',
      detail: 'The agent was not built, so it could not be installed in the image.',
      nextStep: 'Build it with "npm run build:agent", restart the daemon and create the VM again.',
    };
    return { path: originalPath, format, install };
  }
  // A base trusts the key of the daemon that made it.
  const build = `${agentBinary.build}-${createHash('sha256').update(updateKey.line).digest('hex').slice(0, 6)}`;
  const known = image.base === null ? undefined : (JSON.parse(image.base) as StoredBase);
  if (known?.build === build) {
    if (known.path === undefined) return { path: originalPath, format, install: known.install };
    const path = fullPath(folder, known.path);
    if (existsSync(path)) return { path, format: 'raw', install: known.install };
  }
  options.onStage?.(`installing the agent in the image "${image.name}"`);
  const used = await basesInUse(context);
  const outPath = freeBasePath(folder.imageFolder(image.name), build, used.paths);
  const request = {
    originalPath,
    format,
    outPath,
    agentPaths: agentBinary.paths,
    agentVersion: agentBinary.version,
    updateKeys: updateKey.line,
  } as const;
  const made = await context.images.prepareBase(request, options);
  const install: AgentInstall = made.ok
    ? { ...unknownAgentInstall, version: agentBinary.version, initSystem: made.initSystem }
    : { ...unknownAgentInstall, reason: made.reason, detail: made.detail, nextStep: made.nextStep };
  const path = made.ok ? storedPath(folder, made.path) : undefined;
  const stored: StoredBase = { build, path, install };
  const change = { base: JSON.stringify(stored) };
  await store.images.update(image.name, change);
  await writeImageManifest(folder.imageFolder(image.name), { ...image, ...change }).catch((error: unknown) =>
    context.log.warn('image.manifest-not-written', { image: image.name, message: errorMessage(error) }),
  );
  await removeUnusedBases(context, image.name, outPath);
  return made.ok ? { path: made.path, format: 'raw', install } : { path: originalPath, format, install };
}

/**
 * An existing base is never overwritten: disks may be overlays of it, even of VMs that the database does not know. A
 * missing base that a VM's disk needs is not replaced under its name, since the new one has different contents.
 */
function freeBasePath(directory: string, build: string, used: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const path = join(directory, count === 1 ? `base-${build}.raw` : `base-${build}.${count}.raw`);
    if (!existsSync(path) && !used.has(path)) return path;
  }
}

interface BasesInUse {
  /** Absolute. */
  readonly paths: ReadonlySet<string>;
  /** A VM that the database does not know may use any other base. */
  readonly mayBeAny: boolean;
}

async function basesInUse(context: NodeContext): Promise<BasesInUse> {
  const unknown = (await listUnknownVms(context)).map(({ basePath }) => basePath);
  const stored = [...(await context.store.vms.list()).map((vm) => vm.base_path), ...unknown];
  const paths = stored.flatMap((path = '') => (path === '' ? [] : [fullPath(context.folder, path)]));
  return { paths: new Set(paths), mayBeAny: unknown.includes(undefined) };
}

/** Removes bases with older agents that are not the base of any VM's disk. */
async function removeUnusedBases(context: NodeContext, name: string, current: string): Promise<void> {
  const directory = context.folder.imageFolder(name);
  const { paths: used, mayBeAny } = await basesInUse(context);
  if (mayBeAny) return;
  for (const entry of await listFolder(directory)) {
    const path = join(directory, entry);
    if (!/^base-.*\.raw$/.test(entry) || path === current || used.has(path)) continue;
    context.log.info('image.base-removed', { path, reason: 'it has an older agent and no VM uses it' });
    await rm(path, { force: true });
  }
}

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { InnkeeperClient } from '@innkeeper/client';
import { FileKind } from '@innkeeper/contract/agent';
import { isOperationError } from '@innkeeper/contract/errors';
import { isMalformedTarError } from '@innkeeper/kit';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';
import { nameOf, packTree } from '../tar/pack-tree.ts';
import { TreeTarget } from '../tar/unpack-tree.ts';
import { writeAll } from '../write-all.ts';

/** How a tree is copied. */
export interface TreeCopy {
  readonly client: InnkeeperClient;
  readonly vm: string;
  readonly meter: TransferMeter;
  readonly keepOwners: boolean;
  readonly createParents: boolean;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/**
 * `inn cp -r`: a folder of a guest to here. Into a folder that is there it goes under its own name, else it gets the
 * target's. "-" writes the archive itself.
 */
export async function downloadTree(copy: TreeCopy, path: string, target: string): Promise<void> {
  const { client, vm, meter, signal, keepOwners } = copy;
  const tar = await client.files.readTar(vm, path, { signal });
  async function* counted(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of tar.body) {
      bytes += chunk.length;
      meter.update(bytes, 0);
      yield chunk;
    }
  }
  if (target === '-') for await (const chunk of counted()) await writeAll(process.stdout, chunk);
  else {
    const tree = new TreeTarget({
      ...(await placeHere(path, target, copy)),
      keepOwners,
      onSkip: (what) => tell(copy, what),
    });
    try {
      for await (const chunk of counted()) tree.push(chunk);
      tree.end();
    } catch (error) {
      if (!isMalformedTarError(error)) throw error;
      throw new CliError(`The guest's archive cannot be read: ${error.message}`, { exitCode: exitCodes.general });
    } finally {
      tree.abandon();
    }
  }
  for (const what of tar.skipped()) tell(copy, what);
}

/** Files and folders of here into a guest, as one archive. */
export async function uploadTrees(copy: TreeCopy, paths: readonly string[], target: string): Promise<void> {
  const { client, vm, meter, signal, keepOwners, createParents } = copy;
  const fromPipe = paths.includes('-');
  if (fromPipe && paths.length > 1) throw new CliError('"-" stands alone: the archive is all that is copied.');
  const { folder, name } = fromPipe
    ? { folder: target, name: undefined }
    : await placeThere(copy, target, paths.length > 1);
  const onSkip = (what: string): void => tell(copy, what);
  const { skipped } = await client.files.writeTar(vm, folder, {
    source: () => (fromPipe ? (process.stdin as AsyncIterable<Uint8Array>) : packTree(paths, { name, onSkip })),
    ...{ createParents, keepOwners, signal, onProgress: (bytes) => meter.update(bytes, 0) },
  });
  for (const what of skipped) tell(copy, what);
}

/** The folder of the guest that the archive goes into, and the name that its first entry gets there. */
async function placeThere(
  { client, vm, signal, createParents }: TreeCopy,
  target: string,
  several: boolean,
): Promise<{ folder: string; name: string | undefined }> {
  if (target.endsWith('/')) return { folder: target, name: undefined };
  try {
    const { kind } = await client.files.stat(vm, target, { follow: true, signal });
    if (kind === FileKind.DIRECTORY) return { folder: target, name: undefined };
    throw new CliError(`${vm}:${target} is no folder.`, { exitCode: exitCodes.conflict });
  } catch (error) {
    if (!isOperationError(error) || error.reason !== 'FILE_NOT_FOUND') throw error;
  }
  if (!several) return { folder: dirname(target), name: nameOf(target) };
  if (createParents) return { folder: target, name: undefined };
  throw new CliError(`${vm}:${target} is not there. Several things are copied into a folder: -p makes it.`, {
    exitCode: exitCodes.notFound,
  });
}

/** The same here. */
async function placeHere(
  path: string,
  target: string,
  { createParents }: TreeCopy,
): Promise<{ folder: string; name: string | undefined }> {
  const found = await stat(target).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) return { folder: resolve(target), name: undefined };
  if (found !== undefined) throw new CliError(`${target} is no folder.`, { exitCode: exitCodes.conflict });
  const whole = resolve(target);
  // The root has no name of its own: what is in it goes into the target itself.
  if (/^\/[/.]*$/.test(path)) {
    await mkdir(whole, { recursive: createParents });
    return { folder: whole, name: undefined };
  }
  const folder = target.endsWith('/') ? whole : dirname(whole);
  if (createParents || target.endsWith('/')) await mkdir(folder, { recursive: true });
  return target.endsWith('/') ? { folder, name: undefined } : { folder, name: nameOf(whole) };
}

function tell({ quiet, meter }: TreeCopy, what: string): void {
  meter.clear();
  if (!quiet) process.stderr.write(`left out: ${clean(what)}\n`);
}

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { InnkeeperClient } from '@innkeeper/client';
import { FileKind } from '@innkeeper/contract/agent';
import { archiveError, isOperationError, OperationError } from '@innkeeper/contract/errors';
import { treeNames } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';
import { standardInput } from '../standard-input.ts';
import { nameOf, packTree } from '../tar/pack-tree.ts';
import { TreeTarget } from '../tar/unpack-tree.ts';
import { writeAll } from '../write-all.ts';
import type { LeftOut } from './left-out.ts';

/** How a tree is copied. */
export interface TreeCopy {
  readonly client: InnkeeperClient;
  readonly vm: string;
  readonly meter: TransferMeter;
  readonly keepOwners: boolean;
  readonly createParents: boolean;
  readonly leftOut: LeftOut;
  readonly signal: AbortSignal;
}

/**
 * `inn cp -r`: a folder of a guest to here. Into a folder that is there it goes under its own name ("root" for "/"), else
 * it gets the target's. "-" writes the archive itself.
 */
export async function downloadTree(copy: TreeCopy, path: string, target: string): Promise<void> {
  const { client, vm, meter, signal, leftOut } = copy;
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
  else await unpack(counted(), path, target, copy);
  for (const what of tar.skipped()) leftOut.add(what);
}

/** Of a tree that breaks off, what has arrived stays, and the error says where. */
async function unpack(chunks: AsyncIterable<Uint8Array>, path: string, target: string, copy: TreeCopy): Promise<void> {
  const { as } = treeNames(path);
  const tree = new TreeTarget({
    ...(await placeHere(as, target, copy)),
    sent: [as],
    keepOwners: copy.keepOwners,
  });
  try {
    for await (const chunk of chunks) tree.push(chunk);
    tree.end();
  } catch (error) {
    throw withArrived(archiveError(error), tree.arrived);
  } finally {
    tree.close();
  }
}

function withArrived(error: unknown, arrived: string | undefined): unknown {
  if (arrived === undefined || !(error instanceof Error)) return error;
  const message = `${error.message}\nWhat arrived before stays: ${arrived}.`;
  if (isOperationError(error))
    return new OperationError(error.reason, message, { cause: error, nextStep: error.nextStep });
  return new CliError(message, { exitCode: exitCodeOf(error) });
}

/** Files and folders of here into a guest, as one archive. */
export async function uploadTrees(copy: TreeCopy, paths: readonly string[], target: string): Promise<void> {
  const { client, vm, meter, signal, keepOwners, createParents, leftOut } = copy;
  const fromPipe = paths.includes('-');
  if (fromPipe && paths.length > 1) throw new CliError('"-" stands alone: the archive is all that is copied.');
  const { folder, name } = fromPipe
    ? { folder: target, name: undefined }
    : await placeThere(copy, target, paths.length > 1);
  const onSkip = (what: string): void => leftOut.add(what);
  const { skipped } = await client.files.writeTar(vm, folder, {
    source: () => (fromPipe ? standardInput() : packTree(paths, { name, onSkip })),
    createParents,
    keepOwners,
    signal,
    onProgress: (bytes) => meter.update(bytes, 0),
  });
  for (const what of skipped) leftOut.add(what);
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

/** The folder here that the tree goes into, and what it is called there: both are this side's choice. */
async function placeHere(
  name: string,
  target: string,
  { createParents }: TreeCopy,
): Promise<{ folder: string; name: string }> {
  const found = await stat(target).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) return { folder: resolve(target), name };
  if (found !== undefined) throw new CliError(`${target} is not a folder.`, { exitCode: exitCodes.conflict });
  const whole = resolve(target);
  const folder = target.endsWith('/') ? whole : dirname(whole);
  if (createParents || target.endsWith('/')) await mkdir(folder, { recursive: true });
  return { folder, name: target.endsWith('/') ? name : nameOf(whole) };
}

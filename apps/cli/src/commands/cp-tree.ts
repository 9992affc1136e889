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
import type { SkippedEntries } from './skipped-entries.ts';

/** What the copies of one command have in common. */
interface TreeCopy {
  readonly client: InnkeeperClient;
  readonly vm: string;
  readonly meter: TransferMeter;
  readonly keepOwners: boolean;
  readonly writeThrough: boolean;
  readonly createParents: boolean;
  readonly skipped: SkippedEntries;
  readonly signal: AbortSignal;
}

/**
 * Copies a file or folder of a guest to this machine. In an existing folder it keeps its name ("root" for "/"), otherwise
 * it gets the name of the target. "-" prints the archive itself.
 */
export async function downloadTree(copy: TreeCopy, path: string, target: string): Promise<void> {
  const { client, vm, meter, signal, skipped } = copy;
  let isNamed = false;
  const onSkip = (what: string): void => {
    isNamed = true;
    skipped.add(what);
  };
  // Of an archive, it is not known which program unpacks it.
  const options = { sparse: target !== '-', attributes: copy.keepOwners, onSkip, signal };
  const tar = await client.files.readTar(vm, path, options);
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
  // An older agent names them at the end.
  if (!isNamed) for (const what of tar.skipped()) skipped.add(what);
}

/** Unpacks an archive. If that fails, what was received is kept, and the error says where it is. */
async function unpack(chunks: AsyncIterable<Uint8Array>, path: string, target: string, copy: TreeCopy): Promise<void> {
  const { as } = treeNames(path);
  const tree = new TreeTarget({
    ...(await localTarget(as, target, copy)),
    sent: [as],
    keepOwners: copy.keepOwners,
    writeThrough: copy.writeThrough,
    onSkip: (what) => copy.skipped.add(what),
  });
  try {
    for await (const chunk of chunks) tree.push(chunk);
    tree.end();
  } catch (error) {
    throw withReceived(archiveError(error), tree.received);
  } finally {
    tree.close();
  }
}

function withReceived(error: unknown, received: string | undefined): unknown {
  if (received === undefined || !(error instanceof Error)) return error;
  const message = `${error.message}\nWhat was received before is kept: ${received}.`;
  if (isOperationError(error))
    return new OperationError(error.reason, message, { cause: error, nextStep: error.nextStep });
  return new CliError(message, { exitCode: exitCodeOf(error) });
}

/** Copies local files and folders into a guest, as one archive. */
export async function uploadTrees(copy: TreeCopy, paths: readonly string[], target: string): Promise<void> {
  const { client, vm, meter, signal, keepOwners, createParents } = copy;
  const fromPipe = paths.includes('-');
  if (fromPipe && paths.length > 1)
    throw new CliError('"-" must be the only source: the archive contains everything to copy.');
  const { folder, name } = fromPipe
    ? { folder: target, name: undefined }
    : await guestTarget(copy, target, paths.length > 1);
  const onSkip = (what: string): void => copy.skipped.add(what);
  const { skipped } = await client.files.writeTar(vm, folder, {
    source: () => (fromPipe ? standardInput() : packTree(paths, { name, onSkip, withAttributes: keepOwners })),
    createParents,
    keepOwners,
    signal,
    onProgress: (bytes) => meter.update(bytes, 0),
  });
  for (const what of skipped) copy.skipped.add(what);
}

/** The folder of the guest to unpack the archive in, and the name of its first entry there (undefined: unchanged). */
async function guestTarget(
  { client, vm, signal, createParents }: TreeCopy,
  target: string,
  several: boolean,
): Promise<{ folder: string; name: string | undefined }> {
  if (target.endsWith('/')) return { folder: target, name: undefined };
  try {
    const { kind } = await client.files.stat(vm, target, { follow: true, signal });
    if (kind === FileKind.DIRECTORY) return { folder: target, name: undefined };
    throw new CliError(`${vm}:${target} is not a folder.`, { exitCode: exitCodes.conflict });
  } catch (error) {
    if (!isOperationError(error) || error.reason !== 'FILE_NOT_FOUND') throw error;
  }
  if (!several) return { folder: dirname(target), name: nameOf(target) };
  if (createParents) return { folder: target, name: undefined };
  throw new CliError(`${vm}:${target} does not exist. Several sources need a folder as target: create it with -p.`, {
    exitCode: exitCodes.notFound,
  });
}

/** The local folder to unpack the tree in, and its name there. Neither is decided by the guest. */
async function localTarget(
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
  const path = resolve(target);
  const folder = target.endsWith('/') ? path : dirname(path);
  if (createParents || target.endsWith('/')) await mkdir(folder, { recursive: true });
  return { folder, name: target.endsWith('/') ? name : nameOf(path) };
}

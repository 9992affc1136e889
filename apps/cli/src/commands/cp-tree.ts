import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { InnkeeperClient } from '@innkeeper/client';
import { FileKind } from '@innkeeper/contract/agent-lite';
import { archiveError, isOperationError, OperationError } from '@innkeeper/contract/errors';
import { treeNames } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';
import { standardInput } from '../standard-input.ts';
import { nameOf, packTree } from '../tar/pack-tree.ts';
import { TreeTarget, type UnpackOptions } from '../tar/unpack-tree.ts';
import { writeAll } from '../write-all.ts';
import { copyAgain } from './copy-again.ts';
import type { SkippedEntries } from './skipped-entries.ts';

/** More than what waits between here and a guest that has received nothing. */
const maxBufferedBytes = 2 * 1024 * 1024;

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
 * it gets the name of the target. "-" prints the archive itself. If the guest is reset meanwhile, it begins again.
 */
export async function downloadTree(copy: TreeCopy, path: string, target: string): Promise<void> {
  if (target === '-') {
    await receive(copy, path, { sparse: false }, async (chunks) => {
      for await (const chunk of chunks) await writeAll(process.stdout, chunk);
    });
    return;
  }
  const { as } = treeNames(path);
  const place = await localTarget(as, target, copy);
  const unfinished = new Set<string>();
  const { signal, skipped } = copy;
  await copyAgain(
    (onMoved) =>
      receive(copy, path, { sparse: true, onMoved }, (chunks) =>
        unpack(chunks, { ...place, sent: [as], unfinished }, copy),
      ),
    { signal, onAgain: () => skipped.restart() },
  );
}

/** Reads an archive from a guest, and reports what it leaves out. */
async function receive(
  { client, vm, meter, signal, skipped, keepOwners }: TreeCopy,
  path: string,
  { sparse, onMoved }: { readonly sparse: boolean; readonly onMoved?: () => void },
  take: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  let isNamed = false;
  const onSkip = (what: string): void => {
    isNamed = true;
    skipped.add(what);
  };
  // Of an archive that is printed, it is not known which program unpacks it.
  const tar = await client.files.readTar(vm, path, { sparse, attributes: keepOwners, onSkip, signal });
  async function* counted(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of tar.body) {
      bytes += chunk.length;
      meter.update(bytes, 0);
      onMoved?.();
      yield chunk;
    }
  }
  await take(counted());
  // An older agent names them at the end.
  if (!isNamed) for (const what of tar.skipped()) skipped.add(what);
}

/** Unpacks an archive. If that fails, what was received is kept, and the error says where it is. */
async function unpack(
  chunks: AsyncIterable<Uint8Array>,
  place: Pick<UnpackOptions, 'folder' | 'name' | 'sent' | 'unfinished'>,
  copy: TreeCopy,
): Promise<void> {
  const tree = new TreeTarget({
    ...place,
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
  const upload = async (onMoved: () => void): Promise<void> => {
    const { skipped } = await client.files.writeTar(vm, folder, {
      source: () => (fromPipe ? standardInput() : packTree(paths, { name, onSkip, withAttributes: keepOwners })),
      createParents,
      keepOwners,
      signal,
      onProgress: (bytes) => {
        meter.update(bytes, 0);
        if (bytes > maxBufferedBytes) onMoved();
      },
    });
    for (const what of skipped) copy.skipped.add(what);
  };
  if (fromPipe) await upload(() => undefined);
  else await copyAgain(upload, { signal, onAgain: () => copy.skipped.restart() });
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

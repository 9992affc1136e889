import { createHash, randomUUID } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { realpath, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { InnkeeperClient } from '@innkeeper/client';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import { endsCopy, treeNames } from '@innkeeper/tar';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { EndedBySignal, onTerminationSignal } from '../ended-by-signal.ts';
import { flag } from '../options.ts';
import { TransferMeter } from '../output/transfer-meter.ts';
import { parseCopyPath } from '../parse-path.ts';
import { standardInput } from '../standard-input.ts';
import { writeAll } from '../write-all.ts';
import { downloadTree, uploadTrees } from './cp-tree.ts';
import { descriptorOf, readFrom, readStream, writeLocal } from './local-file.ts';
import { SkippedEntries } from './skipped-entries.ts';

/** `inn cp FROM… TO` */
export const command = defineCommand({
  arguments: '<paths...>',
  options: [
    flag('-r, --recursive', 'copy folders with everything in them; "-" is then a tar archive'),
    flag('-p, --parents', 'create missing folders'),
    flag('--owners', 'with -r: keep numeric owners, set-user-id bits, extended attributes and ACLs'),
    flag('--write-through', 'with -r, to here: follow links that lead out of the folder, write to devices'),
  ],
  async run({ client, options: { recursive, parents, owners, writeThrough, quiet } }, words) {
    const [to = '', ...from] = words.toReversed();
    if (from.length === 0) throw new CliError('The target is missing: inn cp FROM TO');
    const sources = from.toReversed().map(parseCopyPath);
    const target = parseCopyPath(to);
    const meter = new TransferMeter(quiet);
    const stop = new AbortController();
    const { signal } = stop;
    // Partial files are removed before this process ends.
    const release = onTerminationSignal((name) => stop.abort(new EndedBySignal(name)));
    try {
      const vms = new Set(sources.map(({ vm }) => vm));
      const [vm] = vms;
      if (vms.size > 1 || (vm === undefined) === (target.vm === undefined))
        throw new CliError('One side must be VM:/path, the other local files or "-".');
      const paths = sources.map(({ path }) => path);
      if (recursive) {
        const skipped = new SkippedEntries(meter);
        const copy = {
          client,
          meter,
          signal,
          vm: vm ?? target.vm ?? '',
          skipped,
          keepOwners: owners,
          writeThrough,
          createParents: parents,
        };
        if (vm === undefined) await uploadTrees(copy, paths, target.path);
        else await each(paths, skipped, (path) => downloadTree(copy, path, targetFor(paths, target.path)));
        skipped.check();
      } else if (owners) throw new CliError('--owners is only for folders: add -r.');
      else if (writeThrough) throw new CliError('--write-through is only for folders: add -r.');
      else {
        const skipped = new SkippedEntries(meter);
        await each(paths, skipped, async (path) => {
          const place = targetFor(paths, target.path);
          if (vm !== undefined) await download(client, vm, path, place, meter, signal);
          else await upload(client, path, target.vm ?? '', place, parents, meter, signal);
        });
        skipped.check();
      }
    } catch (error) {
      if (signal.reason instanceof EndedBySignal) throw signal.reason;
      if (isOperationError(error) && error.reason === 'FILE_IS_DIRECTORY')
        throw new OperationError(error.reason, error.message, {
          nextStep: target.vm === undefined ? 'Copy the whole folder: inn cp -r' : `Copy into the folder: ${to}/`,
        });
      throw error;
    } finally {
      release();
      meter.clear();
    }
  },
});

/** Copies each path. One of several that cannot be copied is reported, and the others follow. */
async function each(
  paths: readonly string[],
  skipped: SkippedEntries,
  copy: (path: string) => Promise<void>,
): Promise<void> {
  for (const path of paths)
    try {
      await copy(path);
    } catch (error) {
      if (paths.length === 1 || !isAboutOnePath(error)) throw error;
      skipped.add(`${path}: ${errorMessage(error)}`);
    }
}

/** Whether the next path may be copied after this error. */
function isAboutOnePath(error: unknown): boolean {
  if (isOperationError(error)) return error.reason.startsWith('FILE_');
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && !endsCopy(error.code);
}

/** The target of one of the paths: several are copied into a folder. */
function targetFor(paths: readonly string[], target: string): string {
  if (paths.length > 1 && target === '-') throw new CliError('Only one file or folder can be copied to "-".');
  return paths.length > 1 && !target.endsWith('/') ? `${target}/` : target;
}

async function download(
  client: InnkeeperClient,
  vm: string,
  path: string,
  target: string,
  meter: TransferMeter,
  signal: AbortSignal,
): Promise<void> {
  const file = await client.readFile(vm, path, { sha256: true, signal });
  const hash = createHash('sha256');
  async function* checked(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of file.body) {
      hash.update(chunk);
      bytes += chunk.length;
      meter.update(bytes, file.sizeBytes);
      yield chunk;
    }
    const expected = file.sha256();
    if (expected !== undefined && expected !== hash.digest('hex')) throw checksumMismatch(path);
  }
  if (target === '-') {
    for await (const chunk of checked()) await writeAll(process.stdout, chunk);
    return;
  }
  const place = await fileIn(target, treeNames(path).as);
  const { mode, modifiedNs, sizeBytes, allocatedBytes = sizeBytes } = file;
  await writeLocal(place, checked(), { mode, modifiedNs, hasHoles: allocatedBytes < sizeBytes });
}

async function upload(
  client: InnkeeperClient,
  path: string,
  vm: string,
  target: string,
  createParents: boolean,
  meter: TransferMeter,
  signal: AbortSignal,
): Promise<void> {
  const name = path === '-' ? 'stdin' : basename(path);
  const remote = target.endsWith('/') ? `${target}${name}` : target;
  if (path === '-') {
    await client.writeFile(vm, remote, {
      createParents,
      signal,
      source: standardInput,
      onProgress: (bytes) => meter.update(bytes, 0),
    });
    return;
  }
  const info = descriptorOf(path) === undefined ? await stat(path, { bigint: true }) : undefined;
  if (info === undefined || (!(await hasTrueSize(path, info)) && !info.isDirectory())) {
    await client.writeFile(vm, remote, {
      createParents,
      signal,
      ...(info?.isFile() === true ? { mode: Number(info.mode) & 0o777, modifiedNs: info.mtimeNs } : {}),
      source: () => readStream(path),
      onProgress: (bytes) => meter.update(bytes, 0),
    });
    return;
  }
  if (info.isDirectory()) throw new CliError(`${path} is a folder. Copy the whole folder: inn cp -r`);
  const sizeBytes = Number(info.size);
  let hash = createHash('sha256');
  let hashedBytes = 0;
  const writing = {
    sizeBytes,
    mode: Number(info.mode) & 0o777,
    modifiedNs: info.mtimeNs,
    sparse: info.blocks * 512n < info.size,
    createParents,
    signal,
    source: async function* (offset: number) {
      if (offset > hashedBytes) {
        // An upload of the same file that was cut off is continued: what the guest has is hashed here too.
        hash = createHash('sha256');
        for await (const chunk of createReadStream(path, { end: offset - 1 })) hash.update(chunk);
        hashedBytes = offset;
      }
      let at = offset;
      for await (const chunk of readFrom(path, offset, sizeBytes)) {
        // After an interruption some bytes are read again, but must not be hashed again.
        if (at + chunk.length > hashedBytes) {
          hash.update(chunk.subarray(Math.max(0, hashedBytes - at)));
          hashedBytes = at + chunk.length;
        }
        at += chunk.length;
        yield chunk;
      }
    },
    onProgress: (bytes: number) => meter.update(bytes, sizeBytes),
  };
  const { sha256 } = await client
    .writeFile(vm, remote, { ...writing, uploadId: await uploadIdOf(path, info), takeOver: true })
    .catch((error: unknown) => {
      // Another process uploads the same file to the same target.
      if (!isOperationError(error) || error.reason !== 'UPLOAD_BUSY' || hashedBytes > 0) throw error;
      return client.writeFile(vm, remote, { ...writing, uploadId: randomUUID() });
    });
  if (sha256 !== '' && sha256 !== hash.digest('hex')) throw checksumMismatch(remote);
}

/** Whether a file has as many bytes as it says: what the kernel generates, as in /proc, has no blocks. */
async function hasTrueSize(path: string, info: BigIntStats): Promise<boolean> {
  if (!info.isFile() || info.size === 0n) return false;
  return info.blocks > 0n || (await statfs(path)).blocks > 0;
}

/** The same for the same unchanged file, so that an upload continues where one was cut off whose process was killed. */
async function uploadIdOf(path: string, { dev, ino, size, mtimeNs }: BigIntStats): Promise<string> {
  const facts = [hostname(), await realpath(path), dev, ino, size, mtimeNs];
  return createHash('sha256').update(facts.join('\0')).digest('hex').slice(0, 32);
}

function checksumMismatch(path: string): OperationError {
  return new OperationError('CHECKSUM_MISMATCH', `Checksum mismatch for ${path}.`);
}

/** The path of the copy: in a target that is a folder, the file keeps its name. */
async function fileIn(target: string, name: string): Promise<string> {
  try {
    if ((await stat(target)).isDirectory()) return `${target}/${name}`;
  } catch (error) {
    // Usually the target does not exist yet.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return target;
}

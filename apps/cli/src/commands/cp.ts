import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { InnkeeperClient } from '@innkeeper/client';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { treeNames } from '@innkeeper/tar';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { EndedBySignal, onDeadlySignal } from '../ended-by-signal.ts';
import { TransferMeter } from '../output/transfer-meter.ts';
import { parseCopyPath } from '../parse-copy-path.ts';
import { standardInput } from '../standard-input.ts';
import { writeAll } from '../write-all.ts';
import { downloadTree, uploadTrees } from './cp-tree.ts';
import { LeftOut } from './left-out.ts';

interface CopyOptions {
  readonly parents?: boolean;
  readonly recursive?: boolean;
  readonly owners?: boolean;
}

/** `inn cp FROM… TO` */
export async function run(command: Command, words: readonly string[]): Promise<void> {
  const { client, options } = contextOf<CopyOptions>(command);
  const [to = '', ...from] = words.toReversed();
  if (from.length === 0) throw new CliError('Say what is copied, and where to: inn cp FROM TO');
  const sources = from.toReversed().map(parseCopyPath);
  const target = parseCopyPath(to);
  const meter = new TransferMeter(options.quiet === true);
  const stop = new AbortController();
  const { signal } = stop;
  // What is half done is taken away before we end.
  const release = onDeadlySignal((name) => stop.abort(new EndedBySignal(name)));
  try {
    const vms = new Set(sources.map(({ vm }) => vm));
    const [vm] = vms;
    if (vms.size > 1 || (vm === undefined) === (target.vm === undefined))
      throw new CliError('One side must be VM:/path, and the other files here or "-".');
    const paths = sources.map(({ path }) => path);
    if (options.recursive === true) {
      const leftOut = new LeftOut(meter, options.quiet === true);
      const copy = {
        client,
        meter,
        signal,
        vm: vm ?? target.vm ?? '',
        leftOut,
        keepOwners: options.owners === true,
        createParents: options.parents === true,
      };
      if (vm === undefined) await uploadTrees(copy, paths, target.path);
      else for (const path of paths) await downloadTree(copy, path, several(paths, target.path));
      leftOut.check();
    } else if (options.owners === true) throw new CliError('--owners is for whole trees: say -r as well.');
    else
      for (const path of paths) {
        const place = several(paths, target.path);
        if (vm !== undefined) await download(client, vm, path, place, meter, signal);
        else await upload(client, path, target.vm ?? '', place, options.parents === true, meter, signal);
      }
  } catch (error) {
    if (signal.reason instanceof EndedBySignal) throw signal.reason;
    if (isOperationError(error) && error.reason === 'FILE_IS_DIRECTORY')
      throw new OperationError(error.reason, error.message, {
        nextStep: target.vm === undefined ? 'Copy it whole: inn cp -r' : `Copy into it: ${to}/`,
      });
    throw error;
  } finally {
    release();
    meter.clear();
  }
}

/** Several things go into a folder. */
function several(paths: readonly string[], target: string): string {
  if (paths.length > 1 && target === '-') throw new CliError('One thing at a time goes to "-".');
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
  async function* counted(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of file.body) {
      hash.update(chunk);
      bytes += chunk.length;
      meter.update(bytes, file.sizeBytes);
      yield chunk;
    }
    const theirs = file.sha256();
    if (theirs !== undefined && theirs !== hash.digest('hex'))
      throw new OperationError('CHECKSUM_MISMATCH', `${path} arrived with another hash than it was sent with.`);
  }
  if (target === '-') {
    for await (const chunk of counted()) await writeAll(process.stdout, chunk);
    return;
  }
  const place = await placeIn(target, treeNames(path).as);
  // Cannot be guessed and is made here: nobody put a link there for us to write through.
  const half = join(dirname(place), `.inn-${randomUUID()}.part`);
  try {
    await pipeline(counted(), createWriteStream(half, { flags: 'wx', mode: file.mode & 0o777 }));
    await rename(half, place);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
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
  const info = await stat(path);
  if (info.isDirectory()) throw new CliError(`${path} is a folder. Copy it whole: inn cp -r`);
  const hashOfAll = createHash('sha256');
  let hashed = 0;
  const { sha256 } = await client.writeFile(vm, remote, {
    uploadId: randomUUID(),
    sizeBytes: info.size,
    mode: info.mode & 0o777,
    createParents,
    signal,
    source: (offset) =>
      readFrom(path, offset, (chunk, at) => {
        // Bytes that are read again after an interruption are in the hash already.
        if (at + chunk.length <= hashed) return;
        hashOfAll.update(chunk.subarray(Math.max(0, hashed - at)));
        hashed = at + chunk.length;
      }),
    onProgress: (bytes) => meter.update(bytes, info.size),
  });
  if (sha256 !== '' && sha256 !== hashOfAll.digest('hex'))
    throw new OperationError('CHECKSUM_MISMATCH', `${remote} arrived with another hash than it was sent with.`);
}

async function* readFrom(
  path: string,
  offset: number,
  onChunk: (chunk: Uint8Array, at: number) => void,
): AsyncGenerator<Uint8Array> {
  let at = offset;
  for await (const chunk of createReadStream(path, {
    start: offset,
    highWaterMark: 256 * 1024,
  }) as AsyncIterable<Buffer>) {
    onChunk(chunk, at);
    at += chunk.length;
    yield chunk;
  }
}

/** A folder takes the file under its own name. */
async function placeIn(target: string, name: string): Promise<string> {
  try {
    if ((await stat(target)).isDirectory()) return `${target}/${name}`;
  } catch (error) {
    // A file that is not there yet is the usual target.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return target;
}

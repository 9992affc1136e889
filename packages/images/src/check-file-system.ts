import { basename, dirname } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import type { ExtSuperblock } from './ext-superblock.ts';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';

export interface FileSystemPlace {
  readonly imagePath: string;
  readonly offsetBytes: number;
}

/** A check reads all metadata: milliseconds for a fresh image, minutes for a large and full one. */
const checkTimeoutMs = 15 * 60_000;

/**
 * Repairs a file system that was not unmounted: replays its journal, then makes the repairs that e2fsck makes
 * automatically at boot. An edit before that could be undone or corrupted when the guest replays the journal.
 * Rejects with IMAGE_CORRUPT when a repair needs a decision by a person.
 */
export async function recoverFileSystem(
  place: FileSystemPlace,
  superblock: ExtSuperblock,
  options: Abortable = {},
): Promise<void> {
  if (superblock.isClean && !superblock.needsRecovery) return;
  if (superblock.needsRecovery) await repair(place, ['-p', '-E', 'journal_only'], options);
  await repair(place, ['-f', '-p'], options);
}

/** Runs a full read-only check. Resolves to the first problem, undefined when the file system is clean. */
export async function findFileSystemErrors(
  place: FileSystemPlace,
  options: Abortable = {},
): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await e2fsck(place, ['-f', '-n'], options);
  if (exitCode === 0) return undefined;
  return firstProblem(stdout) ?? firstProblem(stderr) ?? `e2fsck exited with ${exitCode}`;
}

async function repair(place: FileSystemPlace, argv: readonly string[], options: Abortable): Promise<void> {
  const { exitCode, stdout, stderr } = await e2fsck(place, argv, options);
  // 1: errors were corrected. 2: the same, and a reboot is needed if it was mounted.
  if (exitCode <= 2) return;
  if (isHostDiskFull(stdout + stderr)) throw hostDiskFull('repairing the image’s file system');
  const why = firstProblem(stdout) ?? firstProblem(stderr) ?? `e2fsck exited with ${exitCode}`;
  throw new OperationError('IMAGE_CORRUPT', `The image’s file system cannot be repaired automatically: ${why}.`);
}

async function e2fsck(
  { imagePath, offsetBytes }: FileSystemPlace,
  argv: readonly string[],
  { signal }: Abortable,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  // By base name in its folder, since a "?" in a path would begin options.
  const file = `./${basename(imagePath)}${offsetBytes === 0 ? '' : `?offset=${offsetBytes}`}`;
  return await runProgram('e2fsck', [...argv, file], { signal, cwd: dirname(imagePath), timeoutMs: checkTimeoutMs });
}

/** The first line of e2fsck's output about this file system. */
function firstProblem(output: string): string | undefined {
  const line = output
    .split('\n')
    .map((text) =>
      text
        .replace(/^\.\/[^:]*: /, '')
        .trim()
        .replace(/[.!]$/, ''),
    )
    .find((text) => text !== '' && !/^(e2fsck \d|Pass \d|recovering journal|.*not cleanly unmounted)/.test(text));
  return line?.slice(0, 200);
}

import { rm, truncate, writeFile } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { type Abortable, hostDiskFull, isHostDiskFull, runProgram } from './host-tools/index.ts';

/** Owner and permissions of an entry of a new file system. */
export interface EntryOwner {
  /** Without a leading slash. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Type and permission bits, as in stat; undefined for links, which have no permissions. */
  readonly mode: number | undefined;
}

export interface FileSystemOptions extends Abortable {
  /** The new file; sparse. Absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly journalBytes: number;
  /** Folder whose files are copied, with their owners on the host. */
  readonly sourceDirectory: string;
  /** Every entry except for the root directory, which root owns. */
  readonly owners: readonly EntryOwner[];
}

const makeTimeoutMs = 10 * 60_000;

/**
 * Creates a raw image with an ext4 file system from a folder, without mounting and without root: owners are set in the
 * file system afterwards. Rejects with IMAGE_BUILD_FAILED, HOST_DISK_FULL.
 */
export async function makeFileSystem(options: FileSystemOptions): Promise<void> {
  const { path, signal } = options;
  await writeFile(path, '', { flag: 'wx' });
  await truncate(path, options.sizeBytes);
  const journal = ['-J', `size=${options.journalBytes / mib}`];
  // Not lazy: otherwise the guest would zero its inode tables at first boot. Here they become holes.
  const extended = ['-E', 'root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0'];
  const argv = ['-q', '-F', '-b', '4096', '-m', '1', ...journal, ...extended, '-d', options.sourceDirectory, path];
  const made = await runProgram('mkfs.ext4', argv, { signal, timeoutMs: makeTimeoutMs });
  if (made.exitCode !== 0) throw failed('The file system could not be created', made.stderr);
  await setOwners(options);
  const { exitCode, stdout } = await runProgram('e2fsck', ['-f', '-n', path], { signal, timeoutMs: makeTimeoutMs });
  if (exitCode !== 0) throw failed('The new file system has errors', stdout);
}

async function setOwners({ path, owners, signal }: FileSystemOptions): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const script = `${path}.owners`;
  const lines = owners.flatMap((entry) => [
    ...(entry.uid === uid ? [] : [`sif ${quote(entry.path)} uid ${entry.uid}`]),
    ...(entry.gid === gid ? [] : [`sif ${quote(entry.path)} gid ${entry.gid}`]),
    ...(entry.mode === undefined ? [] : [`sif ${quote(entry.path)} mode 0${entry.mode.toString(8)}`]),
  ]);
  try {
    await writeFile(script, [...lines, ''].join('\n'));
    const { stderr } = await runProgram('debugfs', ['-w', '-f', script, path], { signal, timeoutMs: makeTimeoutMs });
    // Its exit code is always 0; after its version it prints only errors.
    const problem = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line));
    if (problem !== undefined) throw failed('Owners could not be set', problem);
  } finally {
    await rm(script, { force: true });
  }
}

function quote(path: string): string {
  if (/[\r\n]/.test(path)) throw new OperationError('IMAGE_BUILD_FAILED', 'A file name contains a line break.');
  return `"/${path.replaceAll('"', '""')}"`;
}

function failed(what: string, output: string): OperationError {
  if (isHostDiskFull(output)) return hostDiskFull('making an image');
  return new OperationError('IMAGE_BUILD_FAILED', `${what}: ${output.trim().slice(-300)}`);
}

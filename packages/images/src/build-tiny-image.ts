import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import type { BuildOptions, BuiltImage } from './built-image.ts';
import { fetchKernel } from './fetch-kernel.ts';
import { readHostBusybox } from './host-busybox.ts';
import { runProgram } from './host-tools/index.ts';
import { cachedImage } from './image-cache.ts';
import { type EntryOwner, makeFileSystem } from './make-file-system.ts';
import { tinyFiles, tinyFolders } from './tiny-files.ts';

/** Size of the sparse file; a new one occupies 3 MiB. */
const diskBytes = 256 * mib;
const recipe = 'tiny 2';

/** The links of a merged /usr. */
const mergedLinks = { bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', 'var/run': '../run' } as const;

/** Programs that init or the kernel expects under sbin; all others are in bin. */
const sbinPrograms = new Set(['acpid', 'getty', 'halt', 'init', 'poweroff', 'reboot', 'switch_root', 'udhcpc']);

/**
 * Builds the tiny image: busybox on an ext4 root, under a kernel of the distribution. Needs no root and no network once
 * the kernel is in the cache. Rejects with IMAGE_BUILD_FAILED, PROGRAM_MISSING, HOST_DISK_FULL, and the signal's reason.
 */
export async function buildTinyImage(options: BuildOptions): Promise<BuiltImage> {
  const kernel = await fetchKernel(options);
  const busybox = await readHostBusybox();
  const inputs = [recipe, busybox, JSON.stringify([tinyFiles, tinyFolders, diskBytes])];
  const image = await cachedImage('tiny', inputs, options, async (work, rawPath) => {
    options.onStage?.('Writing the files of the guest', 0.6);
    const root = join(work, 'root');
    const owners = await writeTree(root, busybox, options);
    options.onStage?.('Making its file system', 0.8);
    const sizes = { sizeBytes: diskBytes, journalBytes: 4 * mib };
    await makeFileSystem({ path: rawPath, ...sizes, sourceDirectory: root, owners, signal: options.signal });
  });
  return { kind: 'tiny', ...image, fromCache: image.fromCache && kernel.fromCache, kernel };
}

async function writeTree(root: string, busybox: Buffer, options: BuildOptions): Promise<EntryOwner[]> {
  const tree = new TreeWriter(root);
  for (const name of ['usr/bin', 'usr/sbin', 'usr/lib']) await tree.folder(name, 0o755);
  for (const [name, mode] of Object.entries(tinyFolders)) await tree.folder(name, mode);
  for (const [name, target] of Object.entries(mergedLinks)) await tree.link(name, target);
  await tree.file('usr/bin/busybox', busybox, 0o755);
  for (const name of await appletsOf(join(root, 'usr/bin/busybox'), options)) {
    if (name === 'busybox') continue;
    const isSbin = sbinPrograms.has(name);
    await tree.link(`usr/${isSbin ? 'sbin' : 'bin'}/${name}`, isSbin ? '../bin/busybox' : 'busybox');
  }
  for (const [name, text] of Object.entries(tinyFiles)) {
    const mode = text.startsWith('#!') ? 0o755 : name === 'etc/shadow' ? 0o600 : 0o644;
    await tree.file(name, Buffer.from(text), mode);
  }
  return tree.owners.map((entry) => (entry.path === 'home/guest' ? { ...entry, uid: 1000, gid: 1000 } : entry));
}

async function appletsOf(busybox: string, { signal }: BuildOptions): Promise<string[]> {
  const { exitCode, stdout } = await runProgram(busybox, ['--list'], { signal });
  if (exitCode !== 0) throw new OperationError('IMAGE_BUILD_FAILED', '"busybox --list" failed.');
  return stdout.split('\n').filter((name) => /^[\w[.-]+$/.test(name));
}

/** Writes a tree of files and records their ownership by root. */
class TreeWriter {
  readonly #root: string;
  readonly #folders = new Set<string>(['.']);
  readonly owners: EntryOwner[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  async folder(name: string, mode: number): Promise<void> {
    await this.#parents(name);
    await mkdir(join(this.#root, name), { recursive: true, mode });
    this.#folders.add(name);
    this.#own(name, 0o040000 | mode);
  }

  async file(name: string, content: Uint8Array, mode: number): Promise<void> {
    await this.#parents(name);
    await writeFile(join(this.#root, name), content, { mode, flag: 'wx' });
    this.#own(name, 0o100000 | mode);
  }

  async link(name: string, target: string): Promise<void> {
    await this.#parents(name);
    await symlink(target, join(this.#root, name));
    this.owners.push({ path: name, uid: 0, gid: 0, mode: undefined });
  }

  #own(path: string, mode: number): void {
    this.owners.push({ path, uid: 0, gid: 0, mode });
  }

  async #parents(name: string): Promise<void> {
    const parent = dirname(name);
    if (!this.#folders.has(parent)) await this.folder(parent, 0o755);
  }
}

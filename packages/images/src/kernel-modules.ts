import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { OperationError } from '@innkeeper/contract/errors';
import { mib } from '@innkeeper/kit';
import { type Abortable, runProgram } from './host-tools/index.ts';

export interface KernelModule {
  /** With underscores: "virtio_blk". */
  readonly name: string;
  /** Uncompressed. */
  readonly content: Buffer;
}

export interface WantedModules {
  /** Modules without which a guest cannot boot. */
  readonly needed: readonly string[];
  /** Modules that are included if the kernel has them. */
  readonly useful: readonly string[];
}

const maxModuleBytes = 64 * mib;

/**
 * Modules of an unpacked kernel with all their dependencies, in an order in which insmod can load them one by one, so that
 * neither depmod nor modprobe is needed. Modules built into the kernel are left out.
 * `directory` is lib/modules/RELEASE. Rejects with IMAGE_BUILD_FAILED when a needed one is missing.
 */
export async function collectModules(
  directory: string,
  wanted: WantedModules,
  options: Abortable = {},
): Promise<KernelModule[]> {
  const files = await findModules(directory);
  const builtIn = await builtInModules(directory);
  const collected = new Map<string, KernelModule>();
  const visiting = new Set<string>();

  const add = async (name: string, isNeeded: boolean): Promise<void> => {
    if (collected.has(name) || builtIn.has(name) || visiting.has(name)) return;
    const path = files.get(name);
    if (path === undefined) {
      if (!isNeeded) return;
      throw new OperationError('IMAGE_BUILD_FAILED', `The kernel in ${basename(directory)} has no module ${name}.`);
    }
    visiting.add(name);
    const content = await readModule(path, options);
    for (const dependency of dependenciesOf(content)) await add(dependency, true);
    collected.set(name, { name, content });
  };
  for (const name of wanted.needed) await add(name, true);
  for (const name of wanted.useful) await add(name, false);
  return [...collected.values()];
}

async function findModules(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of await readdir(directory, { recursive: true })) {
    const name = /^(.+)\.ko(?:\.xz|\.zst)?$/.exec(basename(path))?.[1];
    if (name !== undefined) found.set(plain(name), join(directory, path));
  }
  return found;
}

async function builtInModules(directory: string): Promise<Set<string>> {
  const text = await readFile(join(directory, 'modules.builtin'), 'utf8');
  return new Set(text.split('\n').map((line) => plain(basename(line, '.ko'))));
}

async function readModule(path: string, { signal }: Abortable): Promise<Buffer> {
  if (path.endsWith('.zst')) return zstdDecompressSync(await readFile(path), { maxOutputLength: maxModuleBytes });
  if (!path.endsWith('.xz')) return await readFile(path);
  const unpacked = path.slice(0, -'.xz'.length);
  const { exitCode, stderr } = await runProgram('xz', ['-dkf', path], { signal });
  if (exitCode !== 0)
    throw new OperationError('IMAGE_BUILD_FAILED', `A kernel module could not be unpacked: ${stderr}`);
  return await readFile(unpacked);
}

/** A value of the section .modinfo, which contains NUL-separated strings. */
function dependenciesOf(content: Buffer): string[] {
  const marker = '\0depends=';
  const at = content.indexOf(marker, 0, 'latin1');
  if (at < 0) return [];
  const begin = at + marker.length;
  const list = content.toString('latin1', begin, content.indexOf(0, begin));
  return list.split(',').filter(Boolean).map(plain);
}

function plain(name: string): string {
  return name.replaceAll('-', '_');
}

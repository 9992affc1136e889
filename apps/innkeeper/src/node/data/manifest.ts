import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { kib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { ImageRow, VmRow } from '@innkeeper/store';
import { isMissing, syncFolder } from './unfinished.ts';

/*
 * A manifest lies beside each image (`image.json`) and VM (`vm.json`): a copy of its row, from which `--adopt-data`
 * makes the row again when the database is lost. The database is what counts; a manifest is never read while there is
 * a row.
 */

const maxManifestBytes = 64 * kib;
const imageManifest = 'image.json';
const vmManifest = 'vm.json';

/** Keeps a copy of an image's row in its folder. */
export async function writeImageManifest(imageFolder: string, row: ImageRow): Promise<void> {
  await writeManifest(join(imageFolder, imageManifest), row);
}

/** Keeps a copy of a VM's row in its folder. */
export async function writeVmManifest(vmFolder: string, row: VmRow): Promise<void> {
  await writeManifest(join(vmFolder, vmManifest), row);
}

/** The fields of an image's row; undefined without a manifest, or with one that cannot be read. */
export async function readImageManifest(imageFolder: string): Promise<Partial<ImageRow> | undefined> {
  return (await readManifest(join(imageFolder, imageManifest))) as Partial<ImageRow> | undefined;
}

/** The fields of a VM's row; undefined without a manifest, or with one that cannot be read. */
export async function readVmManifest(vmFolder: string): Promise<Partial<VmRow> | undefined> {
  return (await readManifest(join(vmFolder, vmManifest))) as Partial<VmRow> | undefined;
}

/** Whole or not at all; one that says the same already is left as it is. */
async function writeManifest(path: string, row: object): Promise<void> {
  const text = `${JSON.stringify({ ...row }, undefined, 2)}\n`;
  if ((await readText(path)) === text) return;
  const half = join(dirname(path), `.manifest-${basename(path, '.json')}${randomBytes(4).toString('hex')}`);
  try {
    await using file = await open(half, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function readManifest(path: string): Promise<object | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not JSON: whoever asks names the folder as one without a manifest.
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(path, maxManifestBytes)).toString('utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

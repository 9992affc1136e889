import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { kib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { ImageRow, VmRow } from '@innkeeper/store';
import { isMissing, syncFolder } from './unfinished.ts';

/*
 * The folder of each image and VM has a manifest (`image.json`, `vm.json`): a copy of its row, from which `--adopt-data`
 * recreates the row when the database is lost. The database is authoritative; a manifest is only read if there is no
 * row.
 */

const maxManifestBytes = 64 * kib;
const imageManifest = 'image.json';
const vmManifest = 'vm.json';

/** Writes a copy of an image's row to its folder. */
export async function writeImageManifest(imageFolder: string, row: ImageRow): Promise<void> {
  await writeManifest(join(imageFolder, imageManifest), row);
}

/** Writes a copy of a VM's row to its folder. */
export async function writeVmManifest(vmFolder: string, row: VmRow): Promise<void> {
  await writeManifest(join(vmFolder, vmManifest), row);
}

/** Reads the fields of an image's row; undefined if the manifest is missing or unreadable. */
export async function readImageManifest(imageFolder: string): Promise<Partial<ImageRow> | undefined> {
  return (await readManifest(join(imageFolder, imageManifest))) as Partial<ImageRow> | undefined;
}

/** Reads the fields of a VM's row; undefined if the manifest is missing or unreadable. */
export async function readVmManifest(vmFolder: string): Promise<Partial<VmRow> | undefined> {
  return (await readManifest(join(vmFolder, vmManifest))) as Partial<VmRow> | undefined;
}

/** Writes atomically, and only if the content differs. */
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
    // Not JSON: treated as a missing manifest.
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

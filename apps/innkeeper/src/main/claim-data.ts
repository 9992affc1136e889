import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { readRegularFile } from '@innkeeper/kit/node';
import { isPostgresAddress, type Store } from '@innkeeper/store';
import type { DataFolder } from '../node/data/data-folder.ts';
import { fullPath } from '../node/data/stored-path.ts';
import { isMissing, isTemporaryName, listFolder, syncFolder } from '../node/data/unfinished.ts';
import { assertUsable } from '../node/data/usable-path.ts';

const maxIdBytes = 100;

/** Images and VMs that lie in a data folder, by the names of their folders. */
interface Content {
  readonly images: readonly string[];
  readonly vms: readonly string[];
}

/**
 * Refuses a start without a database in a folder that has images or VMs, before an empty database is made there, and one
 * with something else in the database's place. Throws DATA_FOLDER_MISMATCH, DATA_FOLDER_UNUSABLE.
 */
export async function assertDatabaseThere(address: string, folder: DataFolder, mayAdopt: boolean): Promise<void> {
  if (isPostgresAddress(address)) return;
  for (const file of [address, `${address}-wal`, `${address}-shm`]) assertUsable(file, 'file');
  if (mayAdopt) return;
  if (existsSync(address) && statSync(address).size > 0) return;
  const content = await contentOf(folder);
  if (isEmpty(content)) return;
  const what = existsSync(address) ? 'is empty' : 'is missing';
  throw mismatch(`The database ${address} ${what}, and ${folder.path} holds ${inWords(content)}.`);
}

/**
 * Ties the data folder and the database to each other by an id that both keep. Fails with DATA_FOLDER_MISMATCH when they
 * do not belong together and something could be lost by it: images or VMs lie in the folder, or the database knows some.
 * With `mayAdopt` they are tied all the same, unless the database knows other images or VMs and none of these. Returns
 * the id, which is the node's: what the database describes belongs to it from then on.
 */
export async function claimData(folder: DataFolder, store: Store, mayAdopt: boolean): Promise<string> {
  const idPath = join(folder.path, 'folder-id');
  const [folderId, databaseId] = [await readId(idPath), await store.facts.dataFolder()];
  if (folderId !== undefined && folderId === databaseId) {
    // Rows of a database from before nodes had ids belong to nobody.
    await store.nodes.takeOver(folderId);
    return folderId;
  }
  const content = await contentOf(folder);
  const [images, vms] = [await store.images.list(), await store.vms.list()];
  const rows = { images: images.map(({ name }) => name), vms: vms.map(({ id }) => id) };
  // Names of images are the same in many folders; the files that they were made in are not.
  const knowsSome =
    images.some(({ path }) => existsSync(fullPath(folder, path))) || vms.some(({ id }) => content.vms.includes(id));
  const fits = isEmpty(rows) ? isEmpty(content) : knowsSome;
  const foreign = databaseId !== undefined && !(isEmpty(rows) && isEmpty(content));
  if (mayAdopt ? !isEmpty(rows) && !knowsSome : foreign || !fits) {
    const whose = databaseId === undefined ? 'The database' : 'The database belongs to another data folder. It';
    throw mismatch(
      `${whose} describes ${inWords(rows)}; ${folder.path} holds ${inWords(content)}.`,
      mayAdopt ? 'Give the database of this folder, an empty one, or the folder of this database.' : undefined,
    );
  }
  // The folder first: a crash between the two leaves a database without an id, which is judged by what it knows.
  const id = folderId ?? randomUUID();
  if (folderId === undefined) await writeId(idPath, id);
  await store.nodes.takeOver(id, databaseId);
  await store.facts.setDataFolder(id);
  return id;
}

async function contentOf(folder: DataFolder): Promise<Content> {
  const list = async (where: string): Promise<string[]> =>
    (await listFolder(join(folder.path, where))).filter((name) => name !== 'lost+found' && !isTemporaryName(name));
  return { images: await list('images'), vms: await list('vms') };
}

function isEmpty({ images, vms }: Content): boolean {
  return images.length + vms.length === 0;
}

function inWords({ images, vms }: Content): string {
  return `${count(images.length, 'image')} and ${count(vms.length, 'VM')}`;
}

function count(number: number, what: string): string {
  return number === 0 ? `no ${what}s` : `${number} ${what}${number === 1 ? '' : 's'}`;
}

async function readId(path: string): Promise<string | undefined> {
  try {
    const text = (await readRegularFile(path, maxIdBytes)).toString('latin1').trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function writeId(path: string, id: string): Promise<void> {
  const half = `${path}.${randomBytes(4).toString('hex')}`;
  {
    await using file = await open(half, 'wx', 0o600);
    await file.writeFile(`${id}\n`);
    await file.sync();
  }
  await rename(half, path);
  await syncFolder(join(path, '..'));
}

function mismatch(message: string, nextStep?: string): OperationError {
  return new OperationError('DATA_FOLDER_MISMATCH', `${message} Nothing was changed.`, { nextStep });
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { ImageRow, Store, VmRow } from '@innkeeper/store';
import { diskPath, missingFiles } from '../vm/vm-spec.ts';
import type { DataFolder } from './data-folder.ts';
import { fullPath } from './stored-path.ts';

/** A message names so many VMs at most. */
const maxNamed = 10;

interface Checked {
  readonly folder: DataFolder;
  readonly store: Store;
  readonly log: Log;
  /** VMs whose files are lost with a whole folder are logged instead of refused. */
  readonly mayAdopt: boolean;
}

/**
 * Looks whether VMs lack files that they need to start, and logs each that does (`vm.files-missing`). When a whole folder
 * is gone, renamed or not mounted, the start is refused before anything is made in its place: throws
 * DATA_FOLDER_MISMATCH.
 */
export async function checkFilesOfVms({ folder, store, log, mayAdopt }: Checked): Promise<void> {
  const images = new Map((await store.images.list()).map((image) => [image.name, image]));
  // What is being made or removed need not be whole, and an adopted VM has no files.
  const vms = (await store.vms.list()).filter(
    ({ state, driver }) => state !== 'creating' && state !== 'deleting' && driver !== 'adopted',
  );
  const lacking = vms
    .map((vm) => ({ vm, missing: missingFiles(vm, images.get(vm.image), folder) }))
    .filter(({ missing }) => missing.length > 0);
  if (!mayAdopt)
    for (const name of goneFolders(folder, vms, [...images.values()])) {
      const path = join(folder.path, name);
      const those = lacking.filter(({ missing }) => missing.some((file) => file.startsWith(`${path}/`)));
      if (those.length > 0) throw gone(path, those);
    }
  for (const { vm, missing } of lacking)
    log.error('vm.files-missing', {
      vm: vm.name,
      files: missing.join(', '),
      nextStep: 'Put them back, or remove the VM.',
    });
}

/** Folders of which nothing is left that the database knows. */
function goneFolders(folder: DataFolder, vms: readonly VmRow[], images: readonly ImageRow[]): string[] {
  const gone: string[] = [];
  if (!images.some(({ path }) => existsSync(fullPath(folder, path)))) gone.push('images');
  if (!vms.some(({ id }) => existsSync(diskPath(folder, id)))) gone.push('vms');
  return gone;
}

function gone(
  path: string,
  lacking: readonly { readonly vm: VmRow; readonly missing: readonly string[] }[],
): OperationError {
  const names = lacking.slice(0, maxNamed).map(({ vm }) => `"${vm.name}"`);
  if (lacking.length > maxNamed) names.push(`${lacking.length - maxNamed} more`);
  const [who, need] = lacking.length === 1 ? ['VM', 'needs'] : ['VMs', 'need'];
  return new OperationError(
    'DATA_FOLDER_MISMATCH',
    `${path} has none of the files that the database knows there. The ${who} ${names.join(', ')} ${need} them, ` +
      `${lacking[0]?.missing[0]} for example. Nothing was changed, and VMs that run keep running.`,
    {
      nextStep: `Put the folder back as ${path}: it may have been renamed, or its file system is not mounted. If its files are lost, start once with --adopt-data and remove these VMs.`,
    },
  );
}

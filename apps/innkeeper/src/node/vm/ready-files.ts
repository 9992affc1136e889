import { OperationError } from '@innkeeper/contract';
import type { ImageRow, VmRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { fullPath } from '../data/stored-path.ts';
import type { StagedOptions } from '../images/image-tools.ts';
import { diskPath, missingFiles } from './vm-spec.ts';

/**
 * Before a start: the VM's files are there, and its disk names the file that it lies over as it is found from there now,
 * whether the data folder was moved since or not. Fails with VM_FILES_MISSING.
 */
export async function readyFiles(
  { folder, images }: Pick<NodeContext, 'folder' | 'images'>,
  row: VmRow,
  image: ImageRow | undefined,
  options: StagedOptions,
): Promise<void> {
  const missing = missingFiles(row, image, folder);
  if (missing.length > 0)
    throw new OperationError('VM_FILES_MISSING', `The VM "${row.name}" needs ${missing.join(' and ')}, missing now.`);
  if (row.base_path === '') return;
  const format = row.base_path === image?.path && image.format === 'qcow2' ? 'qcow2' : 'raw';
  const basePath = fullPath(folder, row.base_path);
  await images.rebaseOverlay({ diskPath: diskPath(folder, row.id), basePath, baseFormat: format }, options);
}

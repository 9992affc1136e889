import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileInfoSchema, StatFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { checkPath, splitPath } from './check-path.ts';
import { fileInfo } from './file-info.ts';

/** @throws OperationError INVALID_PATH, FILE_SYMLINK_REFUSED; HostError */
export function statFile(
  host: Host,
  { path, follow, noSymlinks }: StatFileRequest,
): MessageInitShape<typeof FileInfoSchema> {
  checkPath(path);
  // Opening the directory detects links in the path; stat then uses the same path.
  if (noSymlinks) host.files.openDirectory(splitPath(path).folder, { noSymlinks }).close();
  const stat = host.files.stat(path, follow && !noSymlinks);
  if (noSymlinks && follow && stat.type === 'symlink')
    throw new OperationError('FILE_SYMLINK_REFUSED', `${path} is a symbolic link.`);
  return fileInfo(host, path, stat);
}

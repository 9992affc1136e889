import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';

/**
 * The path of a program: the name itself if it contains a slash, otherwise the first executable regular file with that
 * name in `path`, where an empty part means `directory`.
 * @throws OperationError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE if a file was found that is not executable
 */
export function findProgram(host: Host, name: string, path: string, directory: string): string {
  if (name.includes('/')) return name;
  let notExecutable: string | undefined;
  for (const folder of path.split(':')) {
    const candidate = `${folder.startsWith('/') ? folder : `${directory}/${folder}`}/${name}`;
    const kind = kindOf(host, candidate);
    if (kind === 'executable') return candidate;
    if (kind === 'file') notExecutable ??= candidate;
  }
  if (notExecutable !== undefined)
    throw new OperationError('COMMAND_NOT_EXECUTABLE', `${notExecutable} is not executable.`);
  throw new OperationError('COMMAND_NOT_FOUND', `${name} was not found in ${path}.`);
}

function kindOf(host: Host, path: string): 'executable' | 'file' | undefined {
  try {
    const stat = host.files.stat(path, true);
    if (stat.type !== 'regular') return undefined;
    return stat.mode & 0o111 ? 'executable' : 'file';
  } catch {
    // ENOENT, ENOTDIR, EACCES: not in this directory.
    return undefined;
  }
}

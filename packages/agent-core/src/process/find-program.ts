import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';

/**
 * The path of a program: itself when it has a slash, else the first executable regular file of that name in `path`,
 * where an empty part is `directory`.
 * @throws OperationError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE when one is there that cannot be executed
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
  throw new OperationError('COMMAND_NOT_FOUND', `There is no ${name} in ${path}.`);
}

function kindOf(host: Host, path: string): 'executable' | 'file' | undefined {
  try {
    const stat = host.files.stat(path, true);
    if (stat.type !== 'regular') return undefined;
    return stat.mode & 0o111 ? 'executable' : 'file';
  } catch {
    // ENOENT, ENOTDIR, EACCES: not in this folder.
    return undefined;
  }
}

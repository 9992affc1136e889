import { OperationError } from '@innkeeper/contract/errors';
import type { SpawnSpec } from '../host.ts';
import type { HostError } from '../host-error.ts';

/** Linux's limits of one argument or variable, and of all of them: execve(2), "Limits on size of arguments". */
const maxArgumentBytes = 131_072;
const maxTotalBytes = 2_097_152;
/** Bytes that the kernel adds to each: the NUL at its end, and a pointer to it. */
const costEach = 9;

/** The error for the caller, made from what `Processes.spawn` threw. */
export function spawnError(spec: SpawnSpec, { errno, call, path, message }: HostError): OperationError {
  const program = path ?? '';
  if (call === 'chdir')
    return new OperationError('WORKING_DIRECTORY_INVALID', `Cannot change to ${spec.directory}: ${errno}.`);
  if (call === 'interpreter')
    return new OperationError('COMMAND_NOT_EXECUTABLE', `The interpreter or loader of ${program} does not exist.`);
  if (call !== 'execve') return new OperationError('SPAWN_FAILED', message);
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new OperationError('COMMAND_NOT_FOUND', `${placesOf(spec)}`);
    case 'EACCES':
    case 'ENOEXEC':
    case 'EPERM':
      return new OperationError('COMMAND_NOT_EXECUTABLE', `${program} cannot be executed: ${errno}.`);
    case 'E2BIG':
      return new OperationError('INVALID_ARGUMENT', sizeMessage(spec));
    default:
      return new OperationError('SPAWN_FAILED', message);
  }
}

/** What was not found: the path, or the name and where it was searched. */
function placesOf({ programs, argv }: SpawnSpec): string {
  const [name = ''] = argv;
  if (name.includes('/')) return `${programs[0] ?? name} does not exist.`;
  return `${name} was not found in ${programs.map((path) => path.slice(0, -name.length - 1)).join(':')}.`;
}

function sizeMessage({ argv, environment }: SpawnSpec): string {
  let longest = 0;
  let total = 0;
  for (const text of [...argv, ...environment]) {
    const bytes = new TextEncoder().encode(text).length;
    longest = Math.max(longest, bytes + 1);
    total += bytes + costEach;
  }
  return longest > maxArgumentBytes
    ? `An argument or variable has ${longest} bytes with its end; the maximum on Linux is ${maxArgumentBytes}.`
    : `Arguments and environment have ${total} bytes; the maximum on Linux is ${maxTotalBytes}, or a quarter of the stack limit.`;
}

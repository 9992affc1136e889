/** A refusal of the kernel. `errno` is its name ("ENOENT"), `call` the system call, `path` what it was about. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly errno: string;
  readonly call: string;
  readonly path: string | undefined;

  constructor(errno: string, call: string, path?: string) {
    super(`${call}${path === undefined ? '' : ` ${path}`}: ${errno}`);
    this.errno = errno;
    this.call = call;
    this.path = path;
  }
}

/** By shape: the C layer of the agent makes them without this class. */
export function isHostError(error: unknown): error is HostError {
  return error instanceof Error && error.name === 'HostError' && 'errno' in error;
}

/** Whether `error` is a refusal with this errno. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return isHostError(error) && names.includes(error.errno);
}

/** An error of a system call. `errno` is its name ("ENOENT"), `call` the system call, `path` what it was about. */
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

/** Checked by shape: the agent's C layer creates them without this class. */
export function isHostError(error: unknown): error is HostError {
  return error instanceof Error && error.name === 'HostError' && 'errno' in error;
}

/** Whether `error` is a HostError with this errno. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return isHostError(error) && names.includes(error.errno);
}

/** An archive is well-formed and has what no archive of one folder or file has: a name that leads out of it, a device. */
export class UnsafeTarError extends Error {
  override readonly name = 'UnsafeTarError';
}

/** By shape and not by instanceof, which fails across copies of a package. */
export function isUnsafeTarError(error: unknown): error is UnsafeTarError {
  return error instanceof Error && error.name === 'UnsafeTarError';
}

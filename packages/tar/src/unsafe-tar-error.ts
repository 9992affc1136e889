/** A well-formed archive contains what an archive of one folder or file must not: a path outside of it, a device, … */
export class UnsafeTarError extends Error {
  override readonly name = 'UnsafeTarError';
}

/** By shape and not by instanceof, which fails across copies of a package. */
export function isUnsafeTarError(error: unknown): error is UnsafeTarError {
  return error instanceof Error && error.name === 'UnsafeTarError';
}

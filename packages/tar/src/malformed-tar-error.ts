/** An archive is malformed or truncated. */
export class MalformedTarError extends Error {
  override readonly name = 'MalformedTarError';
}

/** By shape and not by instanceof, which fails across copies of a package. */
export function isMalformedTarError(error: unknown): error is MalformedTarError {
  return error instanceof Error && error.name === 'MalformedTarError';
}

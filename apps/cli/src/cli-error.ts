/** A mistake in how inn was called, or an end that has been told already. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  /** Nothing is printed for it. */
  readonly silent: boolean;

  constructor(message: string, options: { readonly exitCode?: number; readonly silent?: boolean } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? 2;
    this.silent = options.silent ?? false;
  }
}

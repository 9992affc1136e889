/** An error of inn itself, such as a usage error; or, if silent, an exit code for what has already been reported. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Default: 2, a usage error. */
  readonly exitCode: number;
  /** Whether nothing is printed for it. Default: false. */
  readonly silent: boolean;

  constructor(message: string, options: { readonly exitCode?: number; readonly silent?: boolean } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? 2;
    this.silent = options.silent ?? false;
  }
}

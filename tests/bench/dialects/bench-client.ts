/** One dialect, spoken as its hosts do, with as little code of the client as possible. */
export interface BenchClient extends AsyncDisposable {
  ping(): Promise<unknown>;
  /** From the request to the exit code. */
  exec(program: string): Promise<unknown>;
  upload(path: string, content: Buffer): Promise<unknown>;
  /** Undefined: the dialect reads no files. */
  readonly download: ((path: string) => Promise<number>) | undefined;
}

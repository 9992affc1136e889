/** Options of everything that waits. On abort, the work so far is undone and the promise rejects with the signal's reason. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Options of everything that waits. Abort means: undo what was begun and reject with the signal's reason. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

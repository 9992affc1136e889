/** Options of a benchmark. */
export interface BenchOptions {
  /** Fewer rounds, about a minute: for a quick look, not for a verdict. */
  readonly quick: boolean;
  /** A private folder with a short path. */
  readonly directory: string;
  readonly onStage: (stage: string) => void;
}

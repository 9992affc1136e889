/** How a benchmark is run. */
export interface BenchOptions {
  /** Fewer rounds, a minute in all: for a look, not for a verdict. */
  readonly quick: boolean;
  /** A private folder with a short path. */
  readonly directory: string;
  readonly onStage: (stage: string) => void;
}

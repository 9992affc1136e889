export interface LiveStep {
  /** What the step does just now; shown on terminals alone. */
  note(text: string): void;
  /** Prints a whole line above. */
  print(line: string): void;
  /** Removes the line from a terminal; returns the seconds that passed, with one decimal. */
  stop(): string;
}

/** Starts showing a step, from 2 s on. Default of `stream`: stderr. */
export function showStep(
  name: string,
  stream?: { isTTY?: boolean; columns?: number; write(text: string): unknown },
): LiveStep;

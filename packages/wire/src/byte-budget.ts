/** What one call may still keep in memory; all calls of a session share one budget. */
export interface Allowance {
  /** Asks for `bytes`; how many were granted, which may be less. */
  take(bytes: number): number;
  /** Gives everything back. */
  release(): void;
}

/** Bounds the memory of answers that are being collected, over all calls of a session together. */
export class ByteBudget {
  #leftBytes: number;

  constructor(totalBytes: number) {
    this.#leftBytes = totalBytes;
  }

  open(): Allowance {
    let heldBytes = 0;
    return {
      take: (bytes) => {
        const granted = Math.min(bytes, this.#leftBytes);
        this.#leftBytes -= granted;
        heldBytes += granted;
        return granted;
      },
      release: () => {
        this.#leftBytes += heldBytes;
        heldBytes = 0;
      },
    };
  }
}

/** Memory that a call may still use; all calls of a session share one budget. */
export interface Allowance {
  /** Requests `bytes`; returns the granted number, which may be less. */
  take(bytes: number): number;
  /** Releases everything. */
  release(): void;
}

/** Bounds the memory of answers being collected, over all calls of a session. */
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

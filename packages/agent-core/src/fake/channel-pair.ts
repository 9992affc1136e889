import type { Channel } from '@innkeeper/kit';

/** Maximum bytes queued for the reader of one end; then a write waits. */
const capacityBytes = 256 * 1024;

/** Two ends of a channel in memory: what one writes the other reads. Closing one ends the other's reads. */
export function createChannelPair(name = 'memory'): [Channel, Channel] {
  const there = new Lane();
  const back = new Lane();
  return [endOf(`${name}:a`, back, there), endOf(`${name}:b`, there, back)];
}

function endOf(name: string, input: Lane, output: Lane): Channel {
  const close = async (): Promise<void> => {
    input.end();
    output.end();
  };
  return {
    name,
    read: (options) => input.read(options?.signal),
    write: (bytes) => output.write(bytes),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One direction of the pair. */
class Lane {
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #waiting: (() => void)[] = [];

  async write(bytes: Uint8Array): Promise<void> {
    while (!this.#ended && this.#bytes >= capacityBytes) await this.#change();
    if (this.#ended) throw new Error('The channel is closed.');
    this.#pieces.push(bytes.slice());
    this.#bytes += bytes.length;
    this.#wake();
  }

  async read(signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const onAbort = (): void => this.#wake();
    signal?.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#bytes -= piece.length;
          this.#wake();
          return piece;
        }
        if (this.#ended) return undefined;
        await this.#change();
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

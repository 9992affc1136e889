/** Of lines that wait; further ones are dropped and counted. */
export const maxPendingBytes = 16 * 1024;
/** A longer line is cut, at a quarter as many characters: one takes up to four bytes. */
const maxLineBytes = 2048;

export interface LinePorts {
  /** How many of the bytes went at once; -1: none can now. Throws when they never will. */
  writeNow(bytes: Uint8Array, from: number): number;
  /** Calls back once, when something may go again. */
  onWritable(callback: () => void): void;
}

/**
 * Writes lines and never waits: a console that somebody stopped, or a reader that stalls, must not stop the agent. Lines
 * wait in a bounded queue; how many were dropped is said when it is empty again.
 */
export class LineWriter {
  readonly #ports: LinePorts;
  readonly #encoder = new TextEncoder();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Of the first that waits, what went already. */
  #sent = 0;
  #dropped = 0;
  #isWaiting = false;

  constructor(ports: LinePorts) {
    this.#ports = ports;
  }

  write(line: string): void {
    const bytes = this.#encoder.encode(`${line.slice(0, maxLineBytes / 4)}\n`);
    if (this.#pendingBytes + bytes.length > maxPendingBytes) {
      this.#dropped++;
      return;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#flush();
  }

  #flush(): void {
    if (this.#isWaiting) return;
    try {
      while (this.#sendFirst());
    } catch {
      // The terminal hung up, or the reader is gone: there is nobody to tell.
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#sent = 0;
    }
  }

  /** Sends of the first line what goes. False when nothing is left, or the rest has to wait. */
  #sendFirst(): boolean {
    const [first] = this.#pending;
    if (first === undefined) {
      if (this.#dropped === 0) return false;
      const dropped = this.#dropped;
      this.#dropped = 0;
      this.write(`warn log.dropped count=${dropped}`);
      return false;
    }
    const count = this.#ports.writeNow(first, this.#sent);
    if (count > 0) this.#sent += count;
    if (this.#sent === first.length) {
      this.#pending.shift();
      this.#pendingBytes -= first.length;
      this.#sent = 0;
      return true;
    }
    this.#isWaiting = true;
    this.#ports.onWritable(() => {
      this.#isWaiting = false;
      this.#flush();
    });
    return false;
  }
}

/** Maximum bytes of queued lines; further lines are dropped and counted. */
export const maxPendingBytes = 16 * 1024;
/** Maximum bytes of a line; it is cut at a quarter as many characters, since one takes up to four bytes. */
const maxLineBytes = 2048;

export interface LinePorts {
  /** Bytes written without blocking; -1 if none can be written now. Throws if none ever will. */
  writeNow(bytes: Uint8Array, from: number): number;
  /** Calls back once, when writing may be possible again. */
  onWritable(callback: () => void): void;
}

/**
 * Writes lines and never waits: a stopped console or a stalled reader must not stop the agent. Lines wait in a bounded
 * queue; when it is empty again, the number of dropped lines is logged.
 */
export class LineWriter {
  readonly #ports: LinePorts;
  readonly #encoder = new TextEncoder();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes of the first queued line that are already written. */
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
      // The terminal hung up or the reader is gone: nothing can be reported.
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#sent = 0;
    }
  }

  /** Writes as much of the first line as possible. False if the queue is empty or the rest has to wait. */
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

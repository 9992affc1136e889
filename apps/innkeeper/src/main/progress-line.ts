const terminalMs = 1000;
const plainMs = 15_000;
/** From here on the seconds are shown. */
const timeoutMs = 2000;

/** What a progress line is written to: a terminal, or anything else. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Shows on stderr what is being done. On a terminal that is one line which changes, with the seconds since the step
 * began; elsewhere a line for each step, and one every 15 s while it lasts.
 */
export class ProgressLine {
  readonly #stream: ProgressStream;
  #text = '';
  #percent = '';
  #shown = '';
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ProgressStream = process.stderr) {
    this.#stream = stream;
  }

  show(text: string, progress?: number | null): void {
    this.#percent = progress === undefined || progress === null ? '' : ` ${Math.floor(progress * 100)} %`;
    if (text !== this.#text) {
      this.#text = text;
      this.#startedMs = performance.now();
      if (!this.#stream.isTTY) this.#stream.write(`${text}\n`);
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#tick(), this.#stream.isTTY ? terminalMs : plainMs);
    }
    if (this.#stream.isTTY) this.#draw();
  }

  /** Removes the line, so that what is printed next begins at the left. Nothing is shown after that but by `show`. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#shown !== '') this.#stream.write('\r\u001b[2K');
    this.#text = '';
    this.#shown = '';
  }

  #tick(): void {
    if (this.#stream.isTTY) this.#draw();
    else this.#stream.write(`${this.#text}${this.#percent} … ${this.#seconds()} s\n`);
  }

  #draw(): void {
    const seconds = performance.now() - this.#startedMs < timeoutMs ? '' : ` … ${this.#seconds()} s`;
    const line = `${this.#text}${this.#percent}${seconds}`.slice(0, Math.max(20, (this.#stream.columns || 80) - 1));
    if (line !== this.#shown) this.#stream.write(`\r\u001b[2K${line}`);
    this.#shown = line;
  }

  #seconds(): number {
    return Math.floor((performance.now() - this.#startedMs) / 1000);
  }
}

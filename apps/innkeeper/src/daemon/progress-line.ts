/** Shows progress on stderr: one line that changes on a terminal, else a line for each step. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #last = '';

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  show(text: string, progress?: number | null): void {
    const percent = progress === undefined || progress === null ? '' : ` ${Math.floor(progress * 100)} %`;
    if (this.#stream.isTTY) {
      const line = `${text}${percent}`.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1));
      if (line !== this.#last) this.#stream.write(`\r\u001b[2K${line}`);
      this.#last = line;
      return;
    }
    if (text !== this.#last) this.#stream.write(`${text}\n`);
    this.#last = text;
  }

  /** Takes the line away, so that what is printed next begins at the left. */
  clear(): void {
    if (this.#stream.isTTY && this.#last !== '') this.#stream.write('\r\u001b[2K');
    this.#last = '';
  }
}

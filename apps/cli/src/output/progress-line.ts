import { stderr } from 'node:process';
import { clean } from './clean.ts';

/** One line on the terminal that keeps changing; nothing at all where standard error is no terminal. */
export class ProgressLine {
  readonly #shown: boolean;
  #last = '';
  #lastMs = 0;

  constructor(quiet: boolean) {
    this.#shown = stderr.isTTY === true && !quiet && process.env['TERM'] !== 'dumb';
  }

  /** At most ten times a second. */
  update(text: string): void {
    const now = performance.now();
    if (!this.#shown || text === this.#last || now - this.#lastMs < 100) return;
    this.#last = text;
    this.#lastMs = now;
    stderr.write(`\r\u001b[K${clean(text).slice(0, (stderr.columns ?? 80) - 1)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown && this.#last !== '') stderr.write('\r\u001b[K');
    this.#last = '';
  }
}

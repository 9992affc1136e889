import { stderr } from 'node:process';
import { clean } from './clean.ts';

/** A line on the terminal that is updated in place; nothing if standard error is not a terminal. */
export class ProgressLine {
  readonly #shown: boolean;
  #last = '';
  #lastMs = 0;

  constructor(quiet: boolean) {
    this.#shown = stderr.isTTY === true && !quiet && process.env['TERM'] !== 'dumb';
  }

  /** Shows a text; calls within 0.1 s of the last update are ignored. */
  update(text: string): void {
    const now = performance.now();
    if (!this.#shown || text === this.#last || now - this.#lastMs < 100) return;
    this.#last = text;
    this.#lastMs = now;
    stderr.write(`\r\u001b[K${clean(text).slice(0, (stderr.columns ?? 80) - 1)}`);
  }

  /** Removes the line. */
  clear(): void {
    if (this.#shown && this.#last !== '') stderr.write('\r\u001b[K');
    this.#last = '';
  }
}

import { formatBytes } from './format.ts';
import { ProgressLine } from './progress-line.ts';

/** Progress of a transfer on the terminal: bytes, percentage and rate. */
export class TransferMeter {
  readonly #line: ProgressLine;
  readonly #startMs = performance.now();

  constructor(quiet: boolean) {
    this.#line = new ProgressLine(quiet);
  }

  /** `total` is 0 if it is unknown. */
  update(bytes: number, total: number): void {
    const rate = bytes / Math.max(0.001, (performance.now() - this.#startMs) / 1000);
    const share = total > 0 ? ` of ${formatBytes(total)}, ${Math.floor((bytes / total) * 100)} %` : '';
    this.#line.update(`${formatBytes(bytes)}${share}, ${formatBytes(rate)}/s`);
  }

  clear(): void {
    this.#line.clear();
  }
}

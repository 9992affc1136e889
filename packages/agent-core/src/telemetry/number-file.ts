import type { Host } from '../host.ts';

/** Initial capacity in numbers, shared by all files: two thousand bytes. */
const firstNumbers = 256;
/** Maximum capacity: /proc/stat has a line of ten numbers per CPU. */
const maxNumbers = 65_536;

/**
 * Reads files of /proc as numbers (Files.readNumbers) into a reused buffer. The result is valid until the next read.
 */
export class NumberFile {
  readonly #host: Host;
  #numbers = new Float64Array(firstNumbers);
  /** Their count; 0 if the file cannot be read. */
  count = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads as many as fit. */
  read(path: string): Float64Array {
    try {
      this.count = this.#host.files.readNumbers(path, this.#numbers);
    } catch {
      // ENOENT and EACCES: unknown values are absent.
      this.count = 0;
    }
    return this.#numbers;
  }

  /** Grows the buffer for a longer file; false if it has the maximum size. */
  grow(): boolean {
    if (this.#numbers.length >= maxNumbers) return false;
    this.#numbers = new Float64Array(this.#numbers.length * 4);
    return true;
  }
}

/** Two decimals, as the kernel writes averages: 1 and 50 are 1.5. */
export function hundredths(whole: number | undefined, decimals: number | undefined): number {
  return ((whole ?? Number.NaN) * 100 + (decimals ?? Number.NaN)) / 100;
}

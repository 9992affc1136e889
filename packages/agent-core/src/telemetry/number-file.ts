import type { Host } from '../host.ts';

/** Numbers of a file of /proc that are looked at, to begin with: two thousand bytes for all files. */
const firstNumbers = 256;
/** /proc/stat has a line of ten for each CPU. */
const maxNumbers = 65_536;

/**
 * Reads files of /proc as numbers (Files.readNumbers), into memory that is used again and again. What it gives is valid
 * until the next reading.
 */
export class NumberFile {
  readonly #host: Host;
  #numbers = new Float64Array(firstNumbers);
  /** How many there are; 0 for a file that cannot be read. */
  count = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads what there is room for. */
  read(path: string): Float64Array {
    try {
      this.count = this.#host.files.readNumbers(path, this.#numbers);
    } catch {
      // ENOENT and EACCES: what is not known is absent.
      this.count = 0;
    }
    return this.#numbers;
  }

  /** Makes more room, for a file that had more to tell; false when there is enough for anything. */
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

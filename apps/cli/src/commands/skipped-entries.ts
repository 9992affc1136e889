import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';

/**
 * Entries that no archive can hold: a copy without them is complete. In the words of `packTree` and of agents, which may be
 * older than inn.
 */
const neverCopied =
  /: (is a (fifo|socket|character device|block device|(virtual )?file system of the kernel('s own)?)|a special file|is not a file, folder or link)$|^\d+ more devices, FIFOs and sockets$/;

/** Entries of a tree that are left out of its copy: printed on standard error as they are found. */
export class SkippedEntries {
  readonly #meter: TransferMeter;
  readonly #quiet: boolean;
  #missing = 0;

  constructor(meter: TransferMeter, quiet: boolean) {
    this.#meter = meter;
    this.#quiet = quiet;
  }

  /** @param what the entry and why it is left out */
  add(what: string): void {
    if (!neverCopied.test(what)) this.#missing++;
    this.#meter.clear();
    if (!this.#quiet) process.stderr.write(`left out: ${clean(what)}\n`);
  }

  /** @throws CliError if an entry was left out that an archive could hold */
  check(): void {
    if (this.#missing === 0) return;
    throw new CliError(
      `The copy is incomplete: ${this.#missing === 1 ? '1 entry was' : `${this.#missing} entries were`} left out.`,
      { exitCode: exitCodes.general },
    );
  }
}

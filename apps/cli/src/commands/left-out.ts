import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';

/** What no archive holds: it is said, and a copy without it is whole. In the words of agents and of packTree. */
const neverCopied =
  /: (is a (fifo|socket|character device|block device|file system of the kernel's own)|a special file|is no file, folder or link)$|^\d+ more devices, FIFOs and sockets$/;

/** What a copy of a tree lacks: said on standard error as it is found, and at the end by the exit code. */
export class LeftOut {
  readonly #meter: TransferMeter;
  readonly #quiet: boolean;
  #missing = 0;

  constructor(meter: TransferMeter, quiet: boolean) {
    this.#meter = meter;
    this.#quiet = quiet;
  }

  add(what: string): void {
    if (!neverCopied.test(what)) this.#missing++;
    this.#meter.clear();
    if (!this.#quiet) process.stderr.write(`left out: ${clean(what)}\n`);
  }

  /** @throws CliError when anything is missing that could have been copied */
  check(): void {
    if (this.#missing === 0) return;
    throw new CliError(
      `The copy is incomplete: ${this.#missing === 1 ? '1 thing was' : `${this.#missing} things were`} left out.`,
      { exitCode: exitCodes.general },
    );
  }
}

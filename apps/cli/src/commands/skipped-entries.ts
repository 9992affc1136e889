import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import type { TransferMeter } from '../output/transfer-meter.ts';

/** Not a part of the tree: what is in it is made by the kernel. In the words of agents, which may be older than inn. */
const notOfTree = /: is a (virtual )?file system of the kernel('s own)?$/;
const maxRemembered = 10_000;
/** The last line of a list that is too long. */
const further = /^(\d{1,9}) more /;

/** Entries of a tree that are missing from its copy: printed on standard error as they are found, also with --quiet. */
export class SkippedEntries {
  readonly #meter: TransferMeter;
  #missing = 0;
  /** What was printed by an attempt before this one. */
  #printed = new Set<string>();
  readonly #current = new Set<string>();

  constructor(meter: TransferMeter) {
    this.#meter = meter;
  }

  /** @param what the entry and why it is left out */
  add(what: string): void {
    if (!notOfTree.test(what)) this.#missing += Number(further.exec(what)?.[1] ?? 1);
    if (this.#current.size < maxRemembered) this.#current.add(what);
    if (this.#printed.has(what)) return;
    this.#meter.clear();
    process.stderr.write(`left out: ${clean(what)}\n`);
  }

  /** The copy begins again: what is left out again is not printed again. */
  restart(): void {
    this.#missing = 0;
    this.#printed = new Set(this.#current);
  }

  /** @throws CliError if the copy is incomplete */
  check(): void {
    if (this.#missing === 0) return;
    throw new CliError(
      `The copy is incomplete: ${this.#missing === 1 ? '1 entry was' : `${this.#missing} entries were`} left out.`,
      { exitCode: exitCodes.general },
    );
  }
}

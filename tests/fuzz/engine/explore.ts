import { Chance } from '../../conformance/http-fuzz/chance.ts';
import { bytesOf, defaultBounds, type Parser } from '../parser.ts';
import type { BranchCoverage } from './branch-coverage.ts';
import { type Finding, judge } from './judge.ts';
import { mutate } from './mutate.ts';

/** Inputs that are measured together: asking V8 takes longer than most of them. */
const batchSize = 32;
/** Inputs that are not only tried, but changed further. */
const maxPool = 4000;

export interface ExploreOptions {
  readonly coverage: BranchCoverage;
  readonly seed: number;
  readonly corpus: readonly Uint8Array[];
  /** Whether to stop. */
  readonly isOver: (runs: number) => boolean;
  /** Called before each input, so that one that never ends is known. */
  readonly onInput: (bytes: Uint8Array) => void;
}

export interface Explored {
  readonly runs: number;
  /** Every input that reached something first. */
  readonly pool: readonly Uint8Array[];
  readonly finding: Finding | undefined;
}

/** Tries inputs until it is over or something is found. The same seed makes the same inputs. */
export async function explore(parser: Parser, options: ExploreOptions): Promise<Explored> {
  return await new Explorer(parser, options).run();
}

class Explorer {
  readonly #parser: Parser;
  readonly #options: ExploreOptions;
  readonly #chance: Chance;
  readonly #pool: Uint8Array[] = [];
  readonly #dictionary: readonly Uint8Array[];
  #runs = 0;
  #finding: Finding | undefined;

  constructor(parser: Parser, options: ExploreOptions) {
    this.#parser = parser;
    this.#options = options;
    this.#chance = new Chance(options.seed);
    this.#dictionary = (parser.dictionary ?? []).map(bytesOf);
  }

  async run(): Promise<Explored> {
    const { corpus, coverage, isOver } = this.#options;
    coverage.skip();
    for (const bytes of [new Uint8Array(0), ...this.#parser.seeds().map(bytesOf), ...corpus]) {
      await this.#try([bytes]);
      if (coverage.learn()) this.#pool.push(bytes);
    }
    while (!isOver(this.#runs) && this.#finding === undefined)
      await this.#sift(Array.from({ length: batchSize }, () => this.#next()));
    return { runs: this.#runs, pool: this.#pool, finding: this.#finding };
  }

  #next(): Uint8Array {
    const chance = this.#chance;
    const pool = this.#pool;
    const recent = pool.slice(-32);
    const bytes = chance.is(0.4) ? chance.of(recent) : chance.of(pool);
    const maxBytes = this.#parser.maxInputBytes ?? defaultBounds.inputBytes;
    const changed = mutate(bytes, { chance, others: pool, dictionary: this.#dictionary, maxBytes });
    const { repair } = this.#parser;
    return repair === undefined || chance.is(0.2) ? changed : repair(changed.slice());
  }

  async #try(inputs: readonly Uint8Array[]): Promise<void> {
    for (const bytes of inputs) {
      if (this.#finding !== undefined) return;
      this.#options.onInput(bytes);
      this.#finding = await judge(this.#parser, bytes);
      this.#runs++;
    }
  }

  /** Tries inputs, and finds those of them that reach something first. */
  async #sift(inputs: readonly Uint8Array[]): Promise<void> {
    await this.#try(inputs);
    const { coverage } = this.#options;
    const [only] = inputs;
    if (inputs.length > 1) {
      if (this.#finding !== undefined || !coverage.isNew(inputs.length)) return;
      const middle = inputs.length / 2;
      await this.#sift(inputs.slice(0, middle));
      await this.#sift(inputs.slice(middle));
    } else if (coverage.learn() && only !== undefined && this.#pool.length < maxPool) this.#pool.push(only);
  }
}

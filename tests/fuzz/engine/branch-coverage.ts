import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector';

/** How often each character of a source file ran in one input: 0 never, 1 once, 2 at least twice, 3 at least 4 times, … */
type Counts = Uint8Array;

interface Script {
  /** The most that any input reached. */
  seen: Counts;
  /** Of the last measurement. */
  now: Counts;
  /** Where blocks begin that V8 ever counted on their own. */
  readonly blocks: Set<number>;
}

const maxCount = 12;

/**
 * The branches of TypeScript that ran in this thread, by V8's block coverage. Only files that are loaded after its creation
 * are measured block by block. V8 leaves out a block that ran as often as what is around it, so counts are kept by character.
 */
export class BranchCoverage implements Disposable {
  readonly #session = new Session();
  /** The files that count, by their address. */
  covers: RegExp;
  readonly #scripts = new Map<string, Script>();

  /** @param covers the files that count, by their path below `file://…/` */
  constructor(covers: RegExp) {
    this.covers = covers;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /**
   * Whether something ran, since the last call, that no input has reached, or much more often than in any. `inputs`: how
   * many ran; of several, their mean is compared.
   */
  isNew(inputs: number): boolean {
    let isNew = false;
    for (const [script, functions] of this.#take()) isNew = paint(script, functions, inputs) || isNew;
    return isNew;
  }

  /** Forgets what ran since the last call. */
  skip(): void {
    this.#take();
  }

  /** Like `isNew(1)`; what ran counts as reached from then on. */
  learn(): boolean {
    let isNew = false;
    for (const [script, functions] of this.#take()) {
      isNew = paint(script, functions, 1) || isNew;
      for (const { ranges } of functions)
        for (let at = ranges[0]?.startOffset ?? 0; at < (ranges[0]?.endOffset ?? 0); at++)
          if ((script.now[at] ?? 0) > (script.seen[at] ?? 0)) script.seen[at] = script.now[at] ?? 0;
    }
    return isNew;
  }

  /** Forgets which branches were reached. */
  reset(): void {
    this.#take();
    for (const { seen } of this.#scripts.values()) seen.fill(0);
  }

  /** Blocks that were reached, of all that were counted. */
  get blocks(): { readonly reached: number; readonly known: number } {
    const all = [...this.#scripts.values()];
    const reached = all.reduce((sum, { blocks, seen }) => sum + [...blocks].filter((at) => seen[at] !== 0).length, 0);
    return { reached, known: all.reduce((sum, { blocks }) => sum + blocks.size, 0) };
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  #take(): [Script, readonly Profiler.FunctionCoverage[]][] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    return result
      .filter(({ url }) => this.covers.test(url))
      .map(({ url, functions }) => [this.#scriptOf(url, functions), functions]);
  }

  #scriptOf(url: string, functions: readonly Profiler.FunctionCoverage[]): Script {
    const length = Math.max(...functions.map(({ ranges }) => ranges[0]?.endOffset ?? 0));
    const known = this.#scripts.get(url) ?? { seen: new Uint8Array(0), now: new Uint8Array(0), blocks: new Set() };
    this.#scripts.set(url, known);
    if (known.seen.length < length) {
      const seen = new Uint8Array(length);
      seen.set(known.seen);
      Object.assign(known, { seen, now: new Uint8Array(length) });
    }
    return known;
  }

  /** In this thread the inspector answers before `post` returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result: unknown) => {
      if (error !== null) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}

/** Puts the counts of functions into `now`, inner ranges over outer ones; returns whether one is above `seen`. */
function paint(
  { now, seen, blocks }: Script,
  functions: readonly Profiler.FunctionCoverage[],
  inputs: number,
): boolean {
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges) {
      const mean = Math.max(1, count / inputs);
      now.fill(count === 0 ? 0 : Math.min(maxCount, 1 + Math.floor(Math.log2(mean))), startOffset, endOffset);
      blocks.add(startOffset);
    }
  return functions.some(({ ranges: [whole] }) => {
    for (let at = whole?.startOffset ?? 0; at < (whole?.endOffset ?? 0); at++)
      if ((now[at] ?? 0) > (seen[at] ?? 0)) return true;
    return false;
  });
}

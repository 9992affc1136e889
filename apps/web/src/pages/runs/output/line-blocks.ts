import type { AnsiStyle } from './ansi-parts.ts';

export type StreamName = 'stdout' | 'stderr';

export interface OutputLine {
  /** From 1, over both streams. */
  readonly number: number;
  readonly stream: StreamName;
  readonly timeUnixNs: bigint;
  /** As it was written, with its control sequences, without its end. */
  text: string;
  /** In which it begins. */
  readonly style: AnsiStyle;
}

export const linesOfBlock = 100;

/** Lines that are drawn together, and drawn anew only when one of them changed. */
export interface OutputBlock {
  /** Index of the first line, over all that ever were in the list. */
  readonly first: number;
  readonly lines: OutputLine[];
  version: number;
}

/** Lines in blocks: the oldest can be let go, and the index of a line stays what it is. */
export class LineBlocks {
  readonly #blocks: OutputBlock[] = [];
  #end = 0;

  get all(): readonly OutputBlock[] {
    return this.#blocks;
  }

  /** Index of the first line that is still there. */
  get start(): number {
    return this.#blocks[0]?.first ?? this.#end;
  }

  /** Index after the last line. */
  get end(): number {
    return this.#end;
  }

  add(line: OutputLine): OutputBlock {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.lines.length >= linesOfBlock) {
      block = { first: this.#end, lines: [], version: 0 };
      this.#blocks.push(block);
    }
    block.lines.push(line);
    block.version++;
    this.#end++;
    return block;
  }

  dropFirst(): readonly OutputLine[] {
    return this.#blocks.shift()?.lines ?? [];
  }

  /** Lets go of blocks whose lines all have a lower number. */
  dropBefore(number: number): void {
    while (this.#blocks.length > 1 && (this.#blocks[0]?.lines.at(-1)?.number ?? number) < number) this.#blocks.shift();
  }

  /** Index of the block that holds the line of an index, among those that are there. */
  blockAt(index: number): number {
    return Math.max(0, Math.floor((index - this.start) / linesOfBlock));
  }
}

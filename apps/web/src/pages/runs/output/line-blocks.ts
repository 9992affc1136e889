import type { AnsiStyle } from './ansi-parts.ts';

export type StreamName = 'stdout' | 'stderr';

export interface OutputLine {
  /** From 1, over both streams. */
  readonly number: number;
  readonly stream: StreamName;
  readonly timeUnixNs: bigint;
  /** As written, with control sequences, without the line end. */
  text: string;
  /** The style at the start of the line. */
  readonly style: AnsiStyle;
}

const linesOfBlock = 100;

/** Lines that are rendered together, and again only when one of them has changed. */
export interface OutputBlock {
  /** Index of the first line, counting dropped lines. */
  readonly first: number;
  readonly lines: OutputLine[];
  version: number;
}

/** A list of lines in blocks. The oldest can be dropped without changing the index of others. */
export class LineBlocks {
  readonly #blocks: OutputBlock[] = [];
  #end = 0;

  get all(): readonly OutputBlock[] {
    return this.#blocks;
  }

  /** Index of the first line that was not dropped. */
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

  /** Drops blocks whose lines all have a lower number. */
  dropBefore(number: number): void {
    while (this.#blocks.length > 1 && (this.#blocks[0]?.lines.at(-1)?.number ?? number) < number) this.#blocks.shift();
  }

  /** Index in `all` of the block that contains the line with this index. */
  blockAt(index: number): number {
    return Math.max(0, Math.floor((index - this.start) / linesOfBlock));
  }
}

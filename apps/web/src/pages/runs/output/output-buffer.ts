import { OutputStream } from '@innkeeper/contract/agent';
import type { RunOutput } from '@innkeeper/contract/control';
import { type AnsiStyle, ansiParts, plainStyle } from './ansi-parts.ts';
import { LineBlocks, type OutputBlock, type OutputLine, type StreamName } from './line-blocks.ts';

/** The streams shown: both in order of arrival, or one. */
export type StreamView = 'both' | StreamName;

/** Longer lines are broken, so that one line cannot block the page. */
const maxLineChars = 8192;
/** Cost of a line in addition to its text, so that the number of empty lines is limited too. */
const lineChars = 64;

interface OpenLine {
  readonly line: OutputLine;
  readonly blocks: readonly OutputBlock[];
}

interface OpenStream {
  readonly decoder: TextDecoder;
  /** The line that has no end yet. */
  open: OpenLine | undefined;
  style: AnsiStyle;
}

/**
 * The output of one target as lines; beyond `maxChars` the oldest are dropped. Output that is sent again, as after a
 * connection loss, is skipped.
 */
export class OutputBuffer {
  readonly #views: Readonly<Record<StreamView, LineBlocks>> = {
    both: new LineBlocks(),
    stdout: new LineBlocks(),
    stderr: new LineBlocks(),
  };
  readonly #streams: Readonly<Record<StreamName, OpenStream>> = { stdout: newStream(), stderr: newStream() };
  readonly #maxChars: number;
  #nextOffset = 0;
  #lineCount = 0;
  #chars = 0;
  #droppedLines = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Number of bytes received. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Number of lines dropped to limit memory use. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  blocks(view: StreamView): LineBlocks {
    return this.#views[view];
  }

  push({ stream, offset, data, timeUnixNs }: RunOutput): void {
    const known = this.#nextOffset - Number(offset);
    if (known >= data.length) return;
    const name = stream === OutputStream.STDERR ? 'stderr' : 'stdout';
    const fresh = known > 0 ? data.subarray(known) : data;
    this.#nextOffset = Number(offset) + data.length;
    this.#add(name, this.#streams[name].decoder.decode(fresh, { stream: true }), timeUnixNs);
    this.#enforceLimit();
  }

  /** Ends the output; an incomplete character at the end is shown as U+FFFD. */
  end(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const rest = this.#streams[name].decoder.decode();
      if (rest !== '') this.#add(name, rest, 0n);
    }
  }

  #add(name: StreamName, text: string, timeUnixNs: bigint): void {
    const pieces = text.split('\n');
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1;
      if (!isLast || piece !== '') this.#extend(name, piece, timeUnixNs);
      if (!isLast) this.#close(name);
    }
  }

  #extend(name: StreamName, piece: string, timeUnixNs: bigint): void {
    const stream = this.#streams[name];
    for (let at = 0; at < piece.length || at === 0; ) {
      if (stream.open !== undefined && stream.open.line.text.length >= maxLineChars) this.#close(name);
      stream.open ??= this.#begin(name, timeUnixNs);
      const { line, blocks } = stream.open;
      const taken = piece.slice(at, at + maxLineChars - line.text.length);
      const before = line.text.length;
      line.text = afterReturn(line.text + taken);
      this.#chars += line.text.length - before;
      for (const block of blocks) block.version++;
      if (taken === '') return;
      at += taken.length;
    }
  }

  #begin(name: StreamName, timeUnixNs: bigint): OpenLine {
    const number = ++this.#lineCount;
    const line: OutputLine = { number, stream: name, timeUnixNs, text: '', style: this.#streams[name].style };
    this.#chars += lineChars;
    return { line, blocks: [this.#views.both.add(line), this.#views[name].add(line)] };
  }

  #close(name: StreamName): void {
    const stream = this.#streams[name];
    if (stream.open === undefined) return;
    const { line } = stream.open;
    if (line.text.endsWith('\r')) line.text = line.text.slice(0, -1);
    stream.style = ansiParts(line.text, line.style).end;
    stream.open = undefined;
  }

  #enforceLimit(): void {
    const { both, stdout, stderr } = this.#views;
    // The last blocks contain the open lines.
    while (this.#chars > this.#maxChars && both.all.length > 2) {
      const gone = both.dropFirst();
      this.#droppedLines += gone.length;
      for (const { text } of gone) this.#chars -= text.length + lineChars;
      const firstKept = this.#droppedLines + 1;
      for (const view of [stdout, stderr]) view.dropBefore(firstKept);
    }
  }
}

function newStream(): OpenStream {
  return { decoder: new TextDecoder(), open: undefined, style: plainStyle };
}

/**
 * Returns what follows the last "\r", with which a progress bar rewrites its line. A "\r" at the end is kept, since it
 * may belong to "\r\n".
 */
function afterReturn(text: string): string {
  const at = text.lastIndexOf('\r', text.length - 2);
  return at < 0 ? text : text.slice(at + 1);
}

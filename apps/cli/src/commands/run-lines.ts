import { clean } from '../output/clean.ts';
import { writeAll } from '../write-all.ts';

/** Longer lines are split. */
const maxLineBytes = 64 * 1024;
const newline = 10;

/**
 * Prints the output of several VMs as whole lines, each with the name of its VM in front. On a terminal, control
 * characters are shown as "·", so that one VM cannot overwrite the lines of another.
 */
export class RunLines {
  readonly #nameWidth: number;
  /** Incomplete last lines, by stream and VM. */
  readonly #incomplete = new Map<NodeJS.WriteStream, Map<string, Uint8Array>>();

  constructor(names: readonly string[]) {
    this.#nameWidth = Math.max(...names.map((name) => name.length));
  }

  /** Prints the lines that `data` completes. */
  async write(stream: NodeJS.WriteStream, name: string, data: Uint8Array): Promise<void> {
    const incomplete = this.#incompleteOf(stream);
    const bytes = Buffer.concat([incomplete.get(name) ?? new Uint8Array(0), data]);
    let from = 0;
    let text = '';
    const pieces: Uint8Array[] = [];
    for (;;) {
      const end = bytes.indexOf(newline, from);
      const isLong = end < 0 ? bytes.length - from >= maxLineBytes : false;
      if (end < 0 && !isLong) break;
      const line = bytes.subarray(from, isLong ? from + maxLineBytes : end);
      from = isLong ? from + maxLineBytes : end + 1;
      if (stream.isTTY) text += `${this.#prefix(name)}${clean(line.toString().replace(/\r$/, ''))}\n`;
      else pieces.push(Buffer.from(this.#prefix(name)), line, Buffer.from('\n'));
    }
    incomplete.set(name, bytes.subarray(from));
    if (text !== '') await writeAll(stream, Buffer.from(text));
    if (pieces.length > 0) await writeAll(stream, Buffer.concat(pieces));
  }

  /** Prints the incomplete lines. */
  async end(): Promise<void> {
    for (const [stream, incomplete] of this.#incomplete)
      for (const [name, rest] of incomplete) if (rest.length > 0) await this.write(stream, name, Buffer.from('\n'));
  }

  #prefix(name: string): string {
    return `${name.padEnd(this.#nameWidth)} | `;
  }

  #incompleteOf(stream: NodeJS.WriteStream): Map<string, Uint8Array> {
    const known = this.#incomplete.get(stream) ?? new Map<string, Uint8Array>();
    this.#incomplete.set(stream, known);
    return known;
  }
}

import { clean } from '../output/clean.ts';
import { writeAll } from '../write-all.ts';

/** A line that is longer is shown in pieces. */
const maxLineBytes = 64 * 1024;
const newline = 10;

/**
 * Output of many VMs as whole lines, each with the name of its VM before it. On a terminal, control characters are shown
 * as "·": one VM must not write over the lines of another.
 */
export class RunLines {
  readonly #widest: number;
  /** Begun lines, by stream and VM. */
  readonly #begun = new Map<NodeJS.WriteStream, Map<string, Uint8Array>>();

  constructor(names: readonly string[]) {
    this.#widest = Math.max(...names.map((name) => name.length));
  }

  async write(stream: NodeJS.WriteStream, name: string, data: Uint8Array): Promise<void> {
    const begun = this.#begunOf(stream);
    const bytes = Buffer.concat([begun.get(name) ?? new Uint8Array(0), data]);
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
    begun.set(name, bytes.subarray(from));
    if (text !== '') await writeAll(stream, Buffer.from(text));
    if (pieces.length > 0) await writeAll(stream, Buffer.concat(pieces));
  }

  /** Writes the lines that have no end. */
  async end(): Promise<void> {
    for (const [stream, begun] of this.#begun)
      for (const [name, rest] of begun) if (rest.length > 0) await this.write(stream, name, Buffer.from('\n'));
  }

  #prefix(name: string): string {
    return `${name.padEnd(this.#widest)} | `;
  }

  #begunOf(stream: NodeJS.WriteStream): Map<string, Uint8Array> {
    const known = this.#begun.get(stream) ?? new Map<string, Uint8Array>();
    this.#begun.set(stream, known);
    return known;
  }
}

import { blockBytes, maxCredibleBytes, paddedBytes } from './blocks.ts';
import { malformed } from './parse-tar-header.ts';

/** Maximum parts of a sparse file; senders treat the holes of the rest as data. */
export const maxExtents = 4096;
const newLine = 0x0a;
const zero = 0x30;

/** A part of a sparse file with data. What is between them is zeros. */
export interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** In order, without overlap. */
export type SparseMap = readonly Extent[];

/** The records that mark a sparse file in format 1.0 of GNU tar. */
export function mapEntries(path: string, sizeBytes: number): readonly (readonly [string, string])[] {
  return [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', path],
    ['GNU.sparse.realsize', String(sizeBytes)],
  ];
}

/** The map as the beginning of the content: decimal numbers, each on its line, padded to whole blocks. */
export function sparseMapBytes(map: SparseMap, sizeBytes: number): Uint8Array {
  const last = map.at(-1);
  // GNU tar ends a map with the file's size if there is a hole before it.
  const isOpen = last === undefined || last.offset + last.sizeBytes < sizeBytes;
  const whole = isOpen ? [...map, { offset: sizeBytes, sizeBytes: 0 }] : map;
  const numbers = [whole.length, ...whole.flatMap((extent) => [extent.offset, extent.sizeBytes])];
  const text = new TextEncoder().encode(`${numbers.join('\n')}\n`);
  const bytes = new Uint8Array(paddedBytes(text.length));
  bytes.set(text);
  return bytes;
}

/** Reads the map of a sparse file, block by block. Everything in it is untrusted. */
export class SparseMapReader {
  readonly #sizeBytes: number;
  readonly #extents: Extent[] = [];
  /** Parts that follow; undefined until their number was read. */
  #left: number | undefined;
  #offset: number | undefined;
  #number: number | undefined;

  /** @param sizeBytes the file's whole size */
  constructor(sizeBytes: number) {
    if (sizeBytes > maxCredibleBytes) throw malformed('a sparse file that is too large');
    this.#sizeBytes = sizeBytes;
  }

  /** The map if this was its last block. @throws MalformedTarError */
  push(block: Uint8Array): SparseMap | undefined {
    for (let at = 0; at < blockBytes; at++) {
      const byte = block[at] ?? 0;
      if (byte === newLine && this.#number !== undefined) {
        this.#take(this.#number);
        this.#number = undefined;
        if (this.#left === 0) return this.#extents;
      } else if (byte >= zero && byte <= zero + 9) {
        this.#number = (this.#number ?? 0) * 10 + byte - zero;
        if (this.#number > maxCredibleBytes) throw wrong();
      } else throw wrong();
    }
    return undefined;
  }

  #take(number: number): void {
    if (this.#left === undefined) {
      if (number > maxExtents + 1) throw malformed(`a sparse file of more than ${maxExtents} parts`);
      this.#left = number;
    } else if (this.#offset === undefined) this.#offset = number;
    else {
      const last = this.#extents.at(-1);
      if (this.#offset < (last === undefined ? 0 : last.offset + last.sizeBytes)) throw wrong();
      if (this.#offset + number > this.#sizeBytes) throw wrong();
      if (number > 0) this.#extents.push({ offset: this.#offset, sizeBytes: number });
      this.#offset = undefined;
      this.#left--;
    }
  }
}

function wrong(): Error {
  return malformed('a sparse file with a wrong map');
}

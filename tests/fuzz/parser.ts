/** One parser of bytes that somebody else wrote, as the fuzzer sees it. */
export interface Parser {
  /** Names its file in `corpus/`. */
  readonly name: string;
  /** A hostile peer writes to it directly, so that `npm test` gives it most of the time. */
  readonly facesPeer?: true;
  /** The source files whose branches guide the fuzzer, by their path from the root of the repository. */
  readonly covers: RegExp;
  /** Valid input, and input that is nearly so. */
  readonly seeds: () => readonly (string | Uint8Array)[];
  /** Words of the format. */
  readonly dictionary?: readonly (string | Uint8Array)[];
  /**
   * Parses the bytes and checks what must hold of the result. What it throws is a finding, unless `refuses` accepts it. It
   * gives the same result each time.
   */
  readonly run: (bytes: Uint8Array) => unknown;
  /** Whether an error is one by which the parser refuses malformed input. Default: it has none. */
  readonly refuses?: (error: unknown) => boolean;
  /** Makes mutated bytes valid where chance would not, such as their checksums. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array;
  /** Default: `defaultBounds.inputBytes`. */
  readonly maxInputBytes?: number;
  /** Bytes that one run may allocate in typed arrays. Default: `defaultBounds.allocatedBytes`. */
  readonly maxAllocatedBytes?: number;
}

export const defaultBounds = {
  inputBytes: 16 * 1024,
  allocatedBytes: 4 * 1024 * 1024,
  /** Of CPU time, for one input. */
  runMs: 250,
} as const;

/** Parsers that are fuzzed by one test file and share what they import. */
export type ParserGroup = 'wire' | 'guest-texts' | 'archives' | 'host';

/** The bytes of a seed or of a word; never a Buffer, whose slices are not copies. */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value);
}

/** Bytes as the text that a parser of texts is given. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

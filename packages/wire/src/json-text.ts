import { OperationError } from '@innkeeper/contract/errors';

export interface JsonBounds {
  /** Lists and maps nested deeper than this are refused. */
  readonly maxDepth: number;
  /** Most values and keys, since each may be a byte on the wire and an object in memory. */
  readonly maxValues: number;
}

const quote = 0x22;
const backslash = 0x5c;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A JSON object of a peer. Its size in memory is checked before it is parsed.
 * @throws OperationError INVALID_ARGUMENT
 */
export function parseJsonObject(bytes: Uint8Array, bounds: JsonBounds): Readonly<Record<string, unknown>> {
  checkBounds(bytes, bounds);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new OperationError('INVALID_ARGUMENT', 'The request is not JSON in UTF-8.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OperationError('INVALID_ARGUMENT', 'The request is not a JSON object.');
  return value as Readonly<Record<string, unknown>>;
}

function checkBounds(bytes: Uint8Array, { maxDepth, maxValues }: JsonBounds): void {
  let depth = 0;
  let values = 0;
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at + 1);
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      if (depth > maxDepth) throw new OperationError('INVALID_ARGUMENT', `The JSON is nested deeper than ${maxDepth}.`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte === 0x2c || byte === 0x3a) {
      values++;
      if (values > maxValues)
        throw new OperationError('INVALID_ARGUMENT', `The JSON has more than ${maxValues} values.`);
    }
  }
}

/** The position of the quote that ends a text. */
function endOfText(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(quote, from);
  while (at > 0) {
    let escapes = 0;
    while (at - 1 - escapes >= from && bytes[at - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return at;
    at = bytes.indexOf(quote, at + 1);
  }
  return bytes.length;
}

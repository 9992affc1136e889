import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { FieldReader, MalformedMessageError } from './field-reader.ts';
import type { LiteField, LiteType } from './lite-type.ts';

export { MalformedMessageError };

/** Messages nested deeper than this are refused. */
export const maxNesting = 32;

/**
 * Decodes a message into the same shape as protobuf-es' `fromBinary`: defaults filled in, absent optional fields left
 * out. `maxEntries` limits the entries of all its lists and maps together: an empty entry is two bytes on the wire and an
 * object in memory.
 * Unknown fields are dropped. `bytes` fields are views into `bytes`: copy what must outlive it.
 * @throws MalformedMessageError for malformed input; lengths are checked before anything is allocated.
 */
export function liteDecode<Desc extends DescMessage>(
  type: LiteType<Desc>,
  bytes: Uint8Array,
  { maxEntries = Number.POSITIVE_INFINITY }: { readonly maxEntries?: number } = {},
): MessageShape<Desc> {
  return readMessage(new Reader(bytes, maxEntries), type, bytes.length, 0) as MessageShape<Desc>;
}

type Shape = Record<string, unknown>;

function readMessage(reader: Reader, type: LiteType, end: number, depth: number): Shape {
  if (depth > maxNesting) throw new MalformedMessageError(`Message nested deeper than ${maxNesting}.`);
  const message = emptyMessage(type);
  while (reader.position < end) {
    const tag = reader.tag();
    const field = type.byNumber.get(Math.floor(tag / 8));
    const wire = tag % 8;
    if (field === undefined || !readField(reader, field, wire, message, depth)) reader.skip(wire);
    if (reader.position > end) throw new MalformedMessageError(`A field of ${type.typeName} runs past its end.`);
  }
  return message;
}

/** What each message of a type begins with; made at the first one, since going through the fields costs an interpreter. */
interface Blank {
  /** All defaults; those in `fresh` are replaced in each copy. */
  readonly template: Shape;
  readonly fresh: readonly { readonly name: string; readonly make: () => object }[];
}

const blanks = new WeakMap<LiteType, Blank>();

function emptyMessage(type: LiteType): Shape {
  let blank = blanks.get(type);
  if (blank === undefined) {
    blank = makeBlank(type);
    blanks.set(type, blank);
  }
  const message = { ...blank.template };
  for (const { name, make } of blank.fresh) message[name] = make();
  return message;
}

function makeBlank({ typeName, fields }: LiteType): Blank {
  const template: Shape = { $typeName: typeName };
  const fresh: { name: string; make: () => object }[] = [];
  for (const field of fields) {
    const { name, kind, oneof, rule } = field;
    const make = makerOf(field);
    if (make !== undefined) {
      if (!Object.hasOwn(template, oneof ?? name)) fresh.push({ name: oneof ?? name, make });
      template[oneof ?? name] = undefined;
    } else if (rule === 'implicit' && kind !== 'message') template[name] = defaultOf(field);
  }
  return { template, fresh };
}

/** For a default that belongs to its message. */
function makerOf({ oneof, rule }: LiteField): (() => object) | undefined {
  if (oneof !== undefined) return () => ({ case: undefined });
  if (rule === 'repeated') return () => [];
  return rule === 'map' ? () => ({}) : undefined;
}

function defaultOf(field: LiteField): unknown {
  switch (field.kind) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array(0);
    case 'bool':
      return false;
    case 'int64':
    case 'uint64':
    case 'fixed64':
      return 0n;
    default:
      return 0;
  }
}

/** Returns whether the wire type matched the field; if so, the field was read. */
function readField(reader: Reader, field: LiteField, wire: number, message: Shape, depth: number): boolean {
  const expected = wireTypeOf(field);
  if (field.rule === 'map') {
    if (wire !== 2) return false;
    reader.countEntry();
    const [key, value] = readMapEntry(reader, field, depth);
    // Defined, not assigned: a key "__proto__" from the peer must be treated like any other key.
    Object.defineProperty(message[field.name], key, { value, enumerable: true, configurable: true, writable: true });
    return true;
  }
  if (field.rule === 'repeated' && wire === 2 && expected !== 2) {
    const end = reader.delimitedEnd();
    while (reader.position < end) {
      reader.countEntry();
      (message[field.name] as unknown[]).push(readValue(reader, field, depth));
    }
    return true;
  }
  if (wire !== expected) return false;
  if (field.rule === 'repeated') reader.countEntry();
  const value = readValue(reader, field, depth);
  if (field.oneof !== undefined) message[field.oneof] = { case: field.name, value };
  else if (field.rule === 'repeated') (message[field.name] as unknown[]).push(value);
  else message[field.name] = value;
  return true;
}

function wireTypeOf(field: LiteField): number {
  switch (field.kind) {
    case 'double':
    case 'fixed64':
      return 1;
    case 'string':
    case 'bytes':
    case 'message':
      return 2;
    case 'fixed32':
      return 5;
    default:
      return 0;
  }
}

function readMapEntry(reader: Reader, field: LiteField, depth: number): [string, unknown] {
  const end = reader.delimitedEnd();
  let key = '';
  let value = field.kind === 'message' ? undefined : defaultOf(field);
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === 10) key = reader.string();
    else if (Math.floor(tag / 8) === 2 && tag % 8 === wireTypeOf(field)) value = readValue(reader, field, depth);
    else reader.skip(tag % 8);
  }
  if (reader.position > end) throw new MalformedMessageError('A map entry runs past its end.');
  return [key, value];
}

function readValue(reader: Reader, field: LiteField, depth: number): unknown {
  switch (field.kind) {
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes();
    case 'message': {
      if (field.type === undefined) throw new MalformedMessageError(`Field ${field.name} has no message type.`);
      const end = reader.delimitedEnd();
      const message = readMessage(reader, field.type(), end, depth + 1);
      if (reader.position !== end) throw new MalformedMessageError(`Message ${field.name} runs past its end.`);
      return message;
    }
    case 'bool':
      return reader.bigVarint() !== 0n;
    case 'uint32':
      return Number(BigInt.asUintN(32, reader.bigVarint()));
    case 'int32':
    case 'enum':
      return Number(BigInt.asIntN(32, reader.bigVarint()));
    case 'int64':
      return BigInt.asIntN(64, reader.bigVarint());
    case 'uint64':
      return reader.bigVarint();
    case 'double':
      return reader.fixed(8).getFloat64(0, true);
    case 'fixed32':
      return reader.fixed(4).getUint32(0, true);
    case 'fixed64':
      return reader.fixed(8).getBigUint64(0, true);
  }
}

/** Adds what tables need to the reader of frames: 64-bit and fixed numbers, and a limit of entries. */
class Reader extends FieldReader {
  readonly #bytes: Uint8Array;
  #entriesLeft: number;

  constructor(bytes: Uint8Array, maxEntries: number) {
    super(bytes, 0, bytes.length);
    this.#bytes = bytes;
    this.#entriesLeft = maxEntries;
  }

  /** Counts one more entry of a list or a map. */
  countEntry(): void {
    if (--this.#entriesLeft < 0) throw new MalformedMessageError('A message has too many entries.');
  }

  /** Unsigned 64 bits. Small numbers, nearly all in practice, avoid BigInt arithmetic. */
  bigVarint(): bigint {
    const first = this.#bytes[this.position];
    if (first !== undefined && first < 128) {
      this.position++;
      return BigInt(first);
    }
    let low = 0;
    let scale = 1;
    for (let count = 0; count < 7; count++) {
      const byte = this.byte();
      low += (byte & 127) * scale;
      if (byte < 128) return BigInt(low);
      scale *= 128;
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      // A mask, since BigInt.asUintN of QuickJS 2025-04-26 makes 2^63 and above negative.
      if (byte < 128) return value & 0xffff_ffff_ffff_ffffn;
    }
    throw new MalformedMessageError('A number is longer than ten bytes.');
  }

  fixed(count: number): DataView {
    const start = this.position;
    this.advance(count);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, count);
  }
}

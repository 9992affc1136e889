import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { LiteField, LiteKind, LiteType } from './lite-type.ts';

// A mask, and not BigInt.asUintN: QuickJS 2025-04-26 gives negative numbers back as they are at 64 bits.
const low64 = 0xffff_ffff_ffff_ffffn;
const wireType: Partial<Record<LiteKind, number>> = {
  double: 1,
  fixed64: 1,
  fixed32: 5,
  string: 2,
  bytes: 2,
  message: 2,
};
const encoder = new TextEncoder();

/** What one encoding is written into; the next one begins at its start again. A message is never encoded within another. */
const firstBytes = 1024;
/** A buffer that a large message has made larger than this is let go after it. */
const keptBytes = 16 * 1024;
let buffer = new Uint8Array(firstBytes);
let at = 0;

/** A message or what `create()` of protobuf-es would take for one, as bytes. Field order is by number. */
export function liteEncode<Desc extends DescMessage>(
  type: LiteType<Desc>,
  message: MessageInitShape<Desc>,
): Uint8Array<ArrayBuffer> {
  at = 0;
  writeMessage(type.fields, message as Record<string, unknown>);
  const encoded = buffer.slice(0, at);
  if (buffer.length > keptBytes) buffer = new Uint8Array(firstBytes);
  return encoded;
}

// Written for an interpreter: no closures, no writer object, and no call for what is one byte.

function writeMessage(fields: readonly LiteField[], message: Record<string, unknown>): void {
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as LiteField;
    if (field.oneof !== undefined) {
      const choice = message[field.oneof] as { case?: string; value?: unknown } | undefined;
      if (choice !== undefined && choice.case === field.name) writeField(field, choice.value);
      continue;
    }
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.rule === 'repeated') writeRepeated(field, value as readonly unknown[]);
    else if (field.rule === 'map') writeMap(field, value as Record<string, unknown>);
    else if (field.rule === 'explicit' || field.kind === 'message' || !isDefault(value)) writeField(field, value);
  }
}

function isDefault(value: unknown): boolean {
  return value === 0
    ? !Object.is(value, -0)
    : value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0);
}

function writeField(field: LiteField, value: unknown): void {
  writeVarint(field.number * 8 + (wireType[field.kind] ?? 0));
  writeValue(field, value);
}

function writeValue(field: LiteField, value: unknown): void {
  switch (field.kind) {
    case 'uint64':
    case 'int64':
      writeBigVarint(BigInt(value as bigint));
      break;
    case 'double':
      numbers(8).setFloat64(at, value as number, true);
      at += 8;
      break;
    case 'string':
      writeBytes(encoder.encode(value as string));
      break;
    case 'message': {
      const start = beginDelimited();
      writeMessage(typeOf(field).fields, value as Record<string, unknown>);
      endDelimited(start);
      break;
    }
    case 'uint32':
      writeVarint((value as number) >>> 0);
      break;
    case 'bytes':
      writeBytes(value as Uint8Array);
      break;
    case 'bool':
      writeVarint(value === true ? 1 : 0);
      break;
    case 'int32':
    case 'enum':
      if ((value as number) < 0) writeBigVarint(BigInt(value as number));
      else writeVarint(value as number);
      break;
    case 'fixed32':
      numbers(4).setUint32(at, value as number, true);
      at += 4;
      break;
    case 'fixed64':
      numbers(8).setBigUint64(at, (value as bigint) & low64, true);
      at += 8;
      break;
  }
}

/** Unsigned, up to 2^53. */
function writeVarint(value: number): void {
  if (at + 10 > buffer.length) grow(10);
  let rest = value;
  while (rest > 0x7fff_ffff) {
    buffer[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    buffer[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buffer[at++] = rest;
}

/** Signed or unsigned, 64 bits, negatives as ten bytes. */
function writeBigVarint(value: bigint): void {
  if (value >= 0n && value <= 0x1f_ffff_ffff_ffffn) {
    writeVarint(Number(value));
    return;
  }
  if (at + 10 > buffer.length) grow(10);
  let rest = value & low64;
  while (rest > 127n) {
    buffer[at++] = Number(rest & 127n) | 128;
    rest >>= 7n;
  }
  buffer[at++] = Number(rest);
}

function writeBytes(bytes: Uint8Array): void {
  writeVarint(bytes.length);
  if (at + bytes.length > buffer.length) grow(bytes.length);
  buffer.set(bytes, at);
  at += bytes.length;
}

/** Leaves one byte for the length of what follows; where that is. */
function beginDelimited(): number {
  if (at === buffer.length) grow(1);
  return at++;
}

/** Writes the length at `start`, and moves what follows when one byte is too few. */
function endDelimited(start: number): void {
  const size = at - start - 1;
  if (size < 128) {
    buffer[start] = size;
    return;
  }
  const extra = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
  if (at + extra > buffer.length) grow(extra);
  buffer.copyWithin(start + 1 + extra, start + 1, at);
  const end = at + extra;
  at = start;
  writeVarint(size);
  at = end;
}

function numbers(count: number): DataView {
  if (at + count > buffer.length) grow(count);
  return new DataView(buffer.buffer);
}

function grow(count: number): void {
  const grown = new Uint8Array(Math.max(at + count, buffer.length * 2));
  grown.set(buffer);
  buffer = grown;
}

function writeRepeated(field: LiteField, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (wireType[field.kind] === 2) {
    for (const value of values) writeField(field, value);
    return;
  }
  writeVarint(field.number * 8 + 2);
  const start = beginDelimited();
  for (const value of values) writeValue(field, value);
  endDelimited(start);
}

/** Every map of our schemas has string keys. */
function writeMap(field: LiteField, entries: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(entries)) {
    writeVarint(field.number * 8 + 2);
    const start = beginDelimited();
    writeField(mapKey, key);
    writeField({ ...field, number: 2 }, value);
    endDelimited(start);
  }
}

const mapKey: LiteField = { number: 1, name: 'key', kind: 'string', rule: 'implicit' };

function typeOf(field: LiteField): LiteType {
  if (field.type === undefined) throw new Error(`Field ${field.name} has no message type in its table.`);
  return field.type();
}

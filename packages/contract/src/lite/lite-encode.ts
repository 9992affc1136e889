import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { type LiteField, type LiteType, liteField } from './lite-type.ts';

const low28 = 0xfff_ffffn;
const low64 = 0xffff_ffff_ffff_ffffn;
const encoder = new TextEncoder();

/** The buffer that every encoding writes to, from its start. A message is never encoded while another one is. */
const firstBytes = 1024;
/** A buffer that grew beyond this for a large message is released afterwards. */
const keptBytes = 16 * 1024;
let buffer = new Uint8Array(firstBytes);
/** The buffer's length, cached because a typed array's `length` is a call in QuickJS. */
let room = firstBytes;
let at = 0;

/** An encoder implemented in C: produces the same bytes, from the plan of a type. */
export type PlannedEncoder = (plan: readonly unknown[], message: unknown) => Uint8Array<ArrayBuffer>;

let planned: PlannedEncoder | undefined;

/** Sets the encoder of every message in this program; undefined restores the one in TypeScript. */
export function encodeBy(encoder: PlannedEncoder | undefined): void {
  planned = encoder;
}

/** Encodes a message, or an initializer as protobuf-es' `create()` takes it. Fields are in the order of their numbers. */
export function liteEncode<Desc extends DescMessage>(
  type: LiteType<Desc>,
  message: MessageInitShape<Desc>,
): Uint8Array<ArrayBuffer> {
  if (planned !== undefined) return planned(type.plan, message);
  at = 0;
  writeMessage(type.fields, message as Record<string, unknown>);
  const encoded = buffer.slice(0, at);
  if (room > keptBytes) {
    buffer = new Uint8Array(firstBytes);
    room = firstBytes;
  }
  return encoded;
}

// Written for an interpreter: no closures, no writer object, and no calls for single bytes.

function writeMessage(fields: readonly LiteField[], message: Record<string, unknown>): void {
  const count = fields.length;
  for (let index = 0; index < count; index++) {
    const field = fields[index] as LiteField;
    const value = message[field.name];
    if (field.isPlain) {
      if (value !== undefined && value !== null) writeField(field, value);
    } else if (field.oneof !== undefined) writeChoice(field, field.oneof, message);
    else if (value !== undefined && value !== null) writeByRule(field, value);
  }
}

function writeChoice(field: LiteField, oneof: string, message: Record<string, unknown>): void {
  const choice = message[oneof] as { case?: string; value?: unknown } | undefined;
  if (choice !== undefined && choice.case === field.name) writeField(field, choice.value);
}

function writeByRule(field: LiteField, value: unknown): void {
  if (field.rule === 'repeated') writeRepeated(field, value as readonly unknown[]);
  else if (field.rule === 'map') writeMap(field, value as Record<string, unknown>);
  else if (!isDefault(field.code, value)) writeField(field, value);
}

function isDefault(code: LiteField['code'], value: unknown): boolean {
  switch (code) {
    case 6:
      return value === '';
    case 8:
      return false;
    case 7:
      return (value as Uint8Array).length === 0;
    case 5:
      return value === 0 && !Object.is(value, -0);
    default:
      // True for 0, 0n and false.
      return Number(value) === 0;
  }
}

function writeField(field: LiteField, value: unknown): void {
  const { tag, code } = field;
  if (tag < 128) {
    if (at === room) grow(1);
    buffer[at] = tag;
    at += 1;
  } else writeVarint(tag);
  if (code === 3 || code === 4) writeBigVarint(value as bigint);
  else writeValue(field, value);
}

function writeValue(field: LiteField, value: unknown): void {
  switch (field.code) {
    case 0:
      writeVarint((value as number) >>> 0);
      break;
    case 3:
    case 4:
      writeBigVarint(value as bigint);
      break;
    case 5:
      numbers(8).setFloat64(at, value as number, true);
      at += 8;
      break;
    case 6:
      writeBytes(encoder.encode(value as string));
      break;
    case 8: {
      const start = beginDelimited();
      writeMessage(typeOf(field).fields, value as Record<string, unknown>);
      endDelimited(start);
      break;
    }
    case 1:
      writeVarint(value === true ? 1 : 0);
      break;
    case 2:
      if ((value as number) < 0) writeBigVarint(BigInt(value as number));
      else writeVarint(value as number);
      break;
    case 7:
      writeBytes(value as Uint8Array);
      break;
    case 9:
      numbers(4).setUint32(at, value as number, true);
      at += 4;
      break;
    case 10:
      numbers(8).setBigUint64(at, (value as bigint) & low64, true);
      at += 8;
      break;
  }
}

/** Unsigned, up to 2^53. */
function writeVarint(value: number): void {
  if (at + 10 > room) grow(10);
  let rest = value;
  // Split into pieces that fit bit operations.
  while (rest >= 0x1000_0000) {
    const low = rest % 0x1000_0000;
    rest = (rest - low) / 0x1000_0000;
    putFourBytes(low);
  }
  // A postfix increment is a call in this interpreter, an addition is not.
  let next = at;
  while (rest > 127) {
    buffer[next] = (rest & 127) | 128;
    next += 1;
    rest >>= 7;
  }
  buffer[next] = rest;
  at = next + 1;
}

/** Writes 28 bits, with more to follow. */
function putFourBytes(low: number): void {
  buffer[at] = (low & 127) | 128;
  buffer[at + 1] = ((low >> 7) & 127) | 128;
  buffer[at + 2] = ((low >> 14) & 127) | 128;
  buffer[at + 3] = (low >> 21) | 128;
  at += 4;
}

/** Signed or unsigned, 64 bits, negatives as ten bytes. Takes a plain number too, as BigInt() would. */
function writeBigVarint(value: bigint): void {
  const number = Number(value);
  if (number >= 0 && number <= Number.MAX_SAFE_INTEGER) {
    writeVarint(number);
    return;
  }
  if (at + 10 > room) grow(10);
  // Masks instead of BigInt.asUintN: QuickJS 2025-04-26 returns negative numbers unchanged for 64 bits.
  const rest = BigInt(value) & low64;
  putFourBytes(Number(rest & low28));
  writeVarint(Number(rest >> 28n));
}

function writeBytes(bytes: Uint8Array): void {
  const { length } = bytes;
  writeVarint(length);
  if (at + length > room) grow(length);
  buffer.set(bytes, at);
  at += length;
}

/** Reserves one byte for the length of what follows and returns its position. */
function beginDelimited(): number {
  if (at === room) grow(1);
  const start = at;
  at = start + 1;
  return start;
}

/** Writes the length at `start`, and moves what follows if the length needs more than one byte. */
function endDelimited(start: number): void {
  const size = at - start - 1;
  if (size < 128) {
    buffer[start] = size;
    return;
  }
  const extra = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
  if (at + extra > room) grow(extra);
  buffer.copyWithin(start + 1 + extra, start + 1, at);
  const end = at + extra;
  at = start;
  writeVarint(size);
  at = end;
}

function numbers(count: number): DataView {
  if (at + count > room) grow(count);
  return new DataView(buffer.buffer);
}

function grow(count: number): void {
  const grown = new Uint8Array(Math.max(at + count, room * 2));
  grown.set(buffer);
  buffer = grown;
  room = grown.length;
}

function writeRepeated(field: LiteField, values: readonly unknown[]): void {
  const count = values.length;
  if (count === 0) return;
  if (field.wireType === 2) {
    for (let index = 0; index < count; index++) writeField(field, values[index]);
    return;
  }
  writeVarint(field.number * 8 + 2);
  const start = beginDelimited();
  for (let index = 0; index < count; index++) writeValue(field, values[index]);
  endDelimited(start);
}

/** Every map in the schemas has string keys. */
function writeMap(field: LiteField, entries: Record<string, unknown>): void {
  const { kind, type } = field;
  const mapValue = liteField({ number: 2, name: 'value', kind, type });
  for (const [key, value] of Object.entries(entries)) {
    writeVarint(field.number * 8 + 2);
    const start = beginDelimited();
    writeField(mapKey, key);
    writeField(mapValue, value);
    endDelimited(start);
  }
}

const mapKey: LiteField = liteField({ number: 1, name: 'key', kind: 'string' });

function typeOf(field: LiteField): LiteType {
  if (field.type === undefined) throw new Error(`Field ${field.name} has no message type in its table.`);
  return field.type();
}

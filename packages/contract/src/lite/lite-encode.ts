import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { LiteField, LiteType } from './lite-type.ts';
import { LiteWriter } from './lite-writer.ts';

const wireType = { double: 1, fixed64: 1, fixed32: 5, string: 2, bytes: 2, message: 2 } as const;
const encoder = new TextEncoder();

/** A message or what `create()` of protobuf-es would take for one, as bytes. Field order is by number. */
export function liteEncode<Desc extends DescMessage>(
  type: LiteType<Desc>,
  message: MessageInitShape<Desc>,
): Uint8Array<ArrayBuffer> {
  const writer = new LiteWriter();
  writeMessage(writer, type, message as Record<string, unknown>);
  return writer.finish();
}

function writeMessage(writer: LiteWriter, type: LiteType, message: Record<string, unknown>): void {
  for (const field of type.fields) {
    if (field.oneof !== undefined) {
      const choice = message[field.oneof] as { case?: string; value?: unknown } | undefined;
      if (choice?.case === field.name) writeField(writer, field, choice.value);
      continue;
    }
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.rule === 'repeated') writeRepeated(writer, field, value as readonly unknown[]);
    else if (field.rule === 'map') writeMap(writer, field, value as Record<string, unknown>);
    else if (field.rule === 'explicit' || field.kind === 'message' || !isDefault(value))
      writeField(writer, field, value);
  }
}

function isDefault(value: unknown): boolean {
  return value === 0
    ? !Object.is(value, -0)
    : value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0);
}

function writeField(writer: LiteWriter, field: LiteField, value: unknown): void {
  writer.varint(field.number * 8 + (wireType[field.kind as keyof typeof wireType] ?? 0));
  writeValue(writer, field, value);
}

function writeValue(writer: LiteWriter, field: LiteField, value: unknown): void {
  switch (field.kind) {
    case 'string':
      writeBytes(writer, encoder.encode(value as string));
      break;
    case 'bytes':
      writeBytes(writer, value as Uint8Array);
      break;
    case 'message': {
      const type = typeOf(field);
      writer.delimited(() => writeMessage(writer, type, value as Record<string, unknown>));
      break;
    }
    case 'bool':
      writer.varint(value === true ? 1 : 0);
      break;
    case 'uint32':
      writer.varint((value as number) >>> 0);
      break;
    case 'int32':
    case 'enum':
      if ((value as number) < 0) writer.bigVarint(BigInt(value as number));
      else writer.varint(value as number);
      break;
    case 'int64':
    case 'uint64':
      writer.bigVarint(BigInt(value as bigint));
      break;
    case 'double':
      writer.double(value as number);
      break;
    case 'fixed32':
      writer.fixed32(value as number);
      break;
    case 'fixed64':
      writer.fixed64(value as bigint);
      break;
  }
}

function writeBytes(writer: LiteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

function writeRepeated(writer: LiteWriter, field: LiteField, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (field.kind === 'string' || field.kind === 'bytes' || field.kind === 'message') {
    for (const value of values) writeField(writer, field, value);
    return;
  }
  writer.varint(field.number * 8 + 2);
  writer.delimited(() => {
    for (const value of values) writeValue(writer, field, value);
  });
}

/** Every map of our schemas has string keys. */
function writeMap(writer: LiteWriter, field: LiteField, entries: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(entries)) {
    writer.varint(field.number * 8 + 2);
    writer.delimited(() => {
      writeField(writer, mapKey, key);
      writeField(writer, { ...field, number: 2 }, value);
    });
  }
}

const mapKey: LiteField = { number: 1, name: 'key', kind: 'string', rule: 'implicit' };

function typeOf(field: LiteField): LiteType {
  if (field.type === undefined) throw new Error(`Field ${field.name} has no message type in its table.`);
  return field.type();
}

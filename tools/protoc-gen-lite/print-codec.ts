import type { DescFile, DescMessage } from '@bufbuild/protobuf';
import type { Schema } from '@bufbuild/protoplugin';
import { isPlain, PlainField } from './plain-field.ts';
import { lowerFirst } from './print-constants.ts';

/**
 * Generates the codec of the native frame. Payloads of numbers, flags, strings and bytes, which are the frequent ones, get
 * functions of their own, written for an interpreter: no closures, no tables. The others go by their tables.
 */
export function generateCodec(schema: Schema, file: DescFile): void {
  const [frame] = file.messages;
  const payloads = (frame?.oneofs[0]?.fields ?? []).flatMap((field) =>
    field.fieldKind === 'message'
      ? [{ name: field.localName, number: field.number, tag: field.number * 8 + 2, message: field.message }]
      : [],
  );
  const tags = payloads.map(({ tag }) => tag);
  const [lowest, highest] = [Math.min(...tags), Math.max(...tags)];
  if (frame === undefined || (highest - lowest) / 8 !== tags.length - 1)
    throw new Error('The numbers of a payload must be a range.');
  // The frequent ones first: an interpreter compares with one after the other.
  const ordered = [...payloads].sort((a, b) => Number(isPlain(b.message)) - Number(isPlain(a.message)));
  const plain = ordered.filter(({ message }) => isPlain(message));
  const tables = ordered.filter(({ message }) => !isPlain(message)).map(({ message }) => `${message.name}Lite`);
  const types = plain.map(({ message }) => message.name);
  const out = schema.generateFile(`${file.name}_codec.ts`);
  out.preamble(file);
  out.print(`import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FieldReader } from '../../../lite/field-reader.ts';
import { liteDecode } from '../../../lite/lite-decode.ts';
import { liteEncode } from '../../../lite/lite-encode.ts';
import { bytesField, noBytes, numberField, putBytes, putNumber, textBytes } from '../../../lite/put-fields.ts';
import { ${tables.join(', ')} } from './frame_lite.ts';
import { frameCrc32cFieldBytes } from './frame_tags.ts';
import type { ${[...types, 'Frame', 'FrameSchema', ...types.map((type) => `${type}Schema`)].sort().join(', ')} } from './frame_pb.ts';

/** Reads the fields of a frame, and returns its payload. Others are skipped. */
export function decodeFrame(reader: FieldReader): Frame['payload'] {
  let payload: Frame['payload'] = { case: undefined };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag < ${lowest} || tag > ${highest} || (tag & 7) !== 2) {
      reader.skip(tag & 7);
      continue;
    }
    const outerEnd = reader.end;
    reader.end = reader.delimitedEnd();
    payload = decodePayload(tag, reader);
    reader.position = reader.end;
    reader.end = outerEnd;
  }
  return payload;
}

function decodePayload(tag: number, reader: FieldReader): Frame['payload'] {
  switch (tag) {
${ordered
  .map(({ name, tag, message }, index) => {
    const value = isPlain(message) ? `decode${message.name}(reader)` : `liteDecode(${message.name}Lite, reader.rest())`;
    const label = index === ordered.length - 1 ? 'default' : `case ${tag}`;
    return `    ${label}:\n      return { case: '${name}', value: ${value} };`;
  })
  .join('\n')}
  }
}

/**
 * Makes a frame for a payload of \`size\` bytes, with everything before it: its tag and its size too. After it, only the
 * checksum follows.
 */
export type BeginFrame = (session: Uint8Array, tag: number, size: number) => Uint8Array<ArrayBuffer>;

/** A frame with its payload, without its checksum. */
export function encodePayload(
  begin: BeginFrame,
  session: Uint8Array,
  payload: NonNullable<MessageInitShape<typeof FrameSchema>['payload']>,
): Uint8Array<ArrayBuffer> {
  switch (payload.case) {
${ordered
  .map(({ name, tag, message }) => {
    const body = `liteEncode(${message.name}Lite, payload.value)`;
    const made = isPlain(message)
      ? `encode${message.name}(begin, session, payload.value)`
      : `encoded(begin, session, ${tag}, ${body})`;
    return `    case '${name}':\n      return ${made};`;
  })
  .join('\n')}
    default:
      throw new RangeError('A frame must have a payload.');
  }
}

function encoded(begin: BeginFrame, session: Uint8Array, tag: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = begin(session, tag, body.length);
  frame.set(body, frame.length - frameCrc32cFieldBytes - body.length);
  return frame;
}`);
  for (const { tag, message } of plain) {
    out.print(decoder(message));
    out.print(encoder(message, tag));
    const around = aroundBytes(message);
    if (around !== undefined) out.print(around);
  }
}

function fieldsOf({ fields }: DescMessage): PlainField[] {
  return [...fields].sort((a, b) => a.number - b.number).map((field) => new PlainField(field));
}

function decoder(message: DescMessage): string {
  const value = lowerFirst(message.name);
  const reads = fieldsOf(message).map(({ tag, name, read }) => `if (tag === ${tag}) ${value}.${name} = ${read};`);
  return `
function decode${message.name}(reader: FieldReader): ${message.name} {
  const ${value}: ${message.name} = {
    $typeName: '${message.typeName}',
${message.fields.map((field) => `    ${field.localName}: ${new PlainField(field).none},`).join('\n')}
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    ${reads.join('\n    else ')}
    else reader.skip(tag & 7);
  }
  return ${value};
}`;
}

function encoder(message: DescMessage, tag: number): string {
  const fields = fieldsOf(message);
  return `
function encode${message.name}(
  begin: BeginFrame,
  session: Uint8Array,
  value: MessageInitShape<typeof ${message.name}Schema>,
): Uint8Array<ArrayBuffer> {
${fields.map(({ name, given }) => `  const ${name} = ${given};`).join('\n')}
  const size = ${fields.map(({ size }) => size).join(' + ')};
  const frame = begin(session, ${tag}, size);
  let at = frame.length - frameCrc32cFieldBytes - size;
${fields.map(({ put }) => `  at = ${put};`).join('\n')}
  return frame;
}`;
}

/** For a message that is written around bytes which are already in place; nothing precedes them but numbers and flags. */
function aroundBytes(message: DescMessage): string | undefined {
  const fields = fieldsOf(message);
  const body = fields.find(({ kind }) => kind === 'bytes');
  const before = body === undefined ? [] : fields.slice(0, fields.indexOf(body));
  if (body === undefined || before.some(({ kind }) => kind === 'string')) return undefined;
  const length = `${body.name}Bytes`;
  const parameters = [...before.map(({ name, type }) => `${name}: ${type}`), `${length}: number`].join(', ');
  return `
/** Size of a ${message.name} that ends with its ${body.name}. */
export function sizeOf${message.name}(${parameters}): number {
  return ${[...before.map(({ size }) => size), `bytesField(${length})`].join(' + ')};
}

/** Writes a ${message.name} up to its ${body.name}; returns where that begins. */
export function put${message.name}Head(frame: Uint8Array, start: number, ${parameters}): number {
  let at = start;
${before.map(({ put }) => `  at = ${put};`).join('\n')}
  return putNumber(frame, at, ${body.tag}, ${length});
}`;
}

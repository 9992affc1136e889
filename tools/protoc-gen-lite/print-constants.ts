import type { DescEnum, DescField, DescFile, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import type { GeneratedFile, Schema } from '@bufbuild/protoplugin';

/**
 * Generates the values of an enum with the same names as in protobuf-es, whose own objects need its runtime, which is not
 * in the agent.
 */
export function printEnum(out: GeneratedFile, each: DescEnum): void {
  out.print(out.export('const', each.name), ' = {');
  for (const { localName, number } of each.values) out.print(`  ${localName}: ${number},`);
  out.print('} as const;');
  out.print(out.export('type', each.name), ` = (typeof ${each.name})[keyof typeof ${each.name}];`);
  out.print();
}

/** Generates a file with the tags of all fields, for handwritten codecs of frequent messages. */
export function generateTags(schema: Schema, file: DescFile): void {
  const out = schema.generateFile(`${file.name}_tags.ts`);
  out.preamble(file);
  out.print(
    '// What stands before a value: field number * 8 + wire type. Tags of two bytes also come byte by byte, and',
  );
  out.print('// fields of a fixed size with their size. All are plain numbers: a bundler inlines no others.');
  for (const message of file.messages) {
    if (message.fields.length > 0) out.print();
    for (const field of [...message.fields].sort((a, b) => a.number - b.number)) printTag(out, message, field);
  }
}

function printTag(out: GeneratedFile, message: DescMessage, field: DescField): void {
  const name = `${lowerFirst(message.name)}${upperFirst(field.localName)}`;
  const print = (ending: string, value: number): void => out.print(out.export('const', name + ending), ` = ${value};`);
  const type = wireType(field);
  const tag = field.number * 8 + type;
  const tagBytes = tag < 0x80 ? 1 : tag < 0x4000 ? 2 : 3;
  print('Tag', tag);
  if (tagBytes === 2) {
    print('TagLow', (tag & 127) | 128);
    print('TagHigh', tag >>> 7);
    print('TagBytes', tagBytes);
  }
  if (type === 1 || type === 5) print('FieldBytes', tagBytes + (type === 1 ? 8 : 4));
}

export function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The wire type of a field's value; a packed list of numbers has that of its elements here. */
function wireType(field: DescField): 0 | 1 | 2 | 5 {
  if (field.fieldKind === 'enum') return 0;
  if (field.fieldKind !== 'scalar') return 2;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 2;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
      return 1;
    case ScalarType.FIXED32:
      return 5;
    default:
      return 0;
  }
}

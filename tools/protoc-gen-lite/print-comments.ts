import type { AnyDesc, DescFile } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { getComments, type Schema } from '@bufbuild/protoplugin';

/**
 * A file of what the schemas of the public API say about services, methods, messages, fields and enums, by their full
 * names: generated code has them only as comments, and the API's document for people needs them at run time.
 */
export function printComments(schema: Schema): void {
  const files = schema.files.filter(({ proto, name }) => isPublic(proto.package) && !name.endsWith('/frame'));
  const out = schema.generateFile('comments.ts');
  out.print('/** Generated from the comments in `proto/`, by the full name of what they describe. */');
  out.print(out.export('const', 'comments'), ': Readonly<Record<string, string>> = {');
  for (const [name, text] of files.flatMap(commentsOf))
    out.print(`  ${JSON.stringify(name)}: ${JSON.stringify(text)},`);
  out.print('};');
}

function isPublic(name: string): boolean {
  return /^innkeeper\.(control|agent)\.v1$|^limiquantix\.compute\.v1$/.test(name);
}

function commentsOf(file: DescFile): [name: string, text: string][] {
  return [...nestedTypes(file)].flatMap((type) => {
    switch (type.kind) {
      case 'service':
        return [
          ...one(type.typeName, type),
          ...type.methods.flatMap((each) => one(`${type.typeName}.${each.name}`, each)),
        ];
      case 'message':
        return [
          ...one(type.typeName, type),
          ...type.fields.flatMap((each) => one(`${type.typeName}.${each.name}`, each)),
        ];
      case 'enum':
        return [
          ...one(type.typeName, type),
          ...type.values.flatMap((each) => one(`${type.typeName}.${each.name}`, each)),
        ];
      default:
        return [];
    }
  });
}

function one(name: string, desc: Exclude<AnyDesc, DescFile>): [name: string, text: string][] {
  const { leading = '', trailing = '' } = getComments(desc);
  const text = `${leading} ${trailing}`.replaceAll(/\s+/g, ' ').trim();
  return text === '' ? [] : [[name, text]];
}

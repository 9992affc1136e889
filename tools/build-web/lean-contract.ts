import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { Plugin } from 'esbuild';

const descriptor = /(fileDesc\(\s*)(["'])([A-Za-z0-9+/=]+)\2/;
/** The line of a reason that says when it is used, which only the documentation needs. */
const whenLine = /^ +when:\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"),\n/gm;

/**
 * Removes parts of the contract that only the daemon and the documentation need from the console: the options of methods
 * and fields, and the description of each reason. Saves about 3 kB of the first load.
 */
export function leanContract(): Plugin {
  return {
    name: 'lean contract',
    setup(build) {
      build.onLoad({ filter: /\/packages\/contract\/src\/(?:gen\/.*_pb|errors\/[a-z-]*reasons)\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        return { contents: withoutOptions(text.replaceAll(whenLine, '')), loader: 'ts' };
      });
    },
  };
}

/** A generated file whose descriptor has no options. */
export function withoutOptions(source: string): string {
  return source.replace(descriptor, (_, before: string, quote: string, encoded: string) => {
    const file = fromBinary(FileDescriptorProtoSchema, base64Decode(encoded));
    stripFile(file);
    return `${before}${quote}${base64Encode(toBinary(FileDescriptorProtoSchema, file))}${quote}`;
  });
}

function stripFile(file: FileDescriptorProto): void {
  for (const message of file.messageType) stripMessage(message);
  for (const each of file.enumType) stripEnum(each);
  for (const service of file.service) {
    delete service.options;
    for (const method of service.method) delete method.options;
  }
}

function stripMessage({ field, nestedType, enumType }: DescriptorProto): void {
  // Standard options are kept: "packed" determines the encoding of a field.
  for (const { options } of field) if (options !== undefined) delete options.$unknown;
  for (const message of nestedType) stripMessage(message);
  for (const each of enumType) stripEnum(each);
}

function stripEnum({ value }: EnumDescriptorProto): void {
  for (const each of value) delete each.options;
}

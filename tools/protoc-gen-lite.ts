#!/usr/bin/env node
/** Writes the field tables of `@innkeeper/contract/lite` for what the agent speaks. Run by buf (buf.gen.yaml). */
import {
  createRegistry,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { createEcmaScriptPlugin, type GeneratedFile, runNodeJs, type Schema } from '@bufbuild/protoplugin';

/** Only the agent's own schema and AgentMessage: the control plane's API is spoken by Node and browsers alone. */
const wanted = (file: DescFile): boolean =>
  file.proto.package === 'innkeeper.agent.v1' || file.proto.package === 'limiquantix.agent.v1';

const kinds: Partial<Record<ScalarType, string>> = {
  [ScalarType.DOUBLE]: 'double',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.STRING]: 'string',
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.INT32]: 'int32',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.INT64]: 'int64',
  [ScalarType.UINT64]: 'uint64',
  [ScalarType.FIXED32]: 'fixed32',
  [ScalarType.FIXED64]: 'fixed64',
};

function generate(schema: Schema): void {
  for (const file of schema.files.filter(wanted)) {
    if (file.messages.length === 0) continue;
    const out = schema.generateFile(`${file.name}_lite.ts`);
    out.preamble(file);
    const liteType = out.import('liteType', '../lite/lite-type.ts');
    for (const message of file.messages) printMessage(out, message, liteType);
    const operation = createRegistry(...schema.allFiles).getExtension('innkeeper.agent.v1.operation');
    if (operation === undefined) throw new Error('agent/v1/options.proto is not among the files.');
    for (const service of file.services) printService(out, service, operation);
  }
}

/** One entry a method: what a dialect needs to carry it without knowing it. */
function printService(out: GeneratedFile, service: DescService, operation: DescExtension): void {
  const LiteMethod = out.import('LiteMethod', '../lite/lite-method.ts', true);
  out.print(out.export('const', `${service.name}Lite`), ' = {');
  for (const method of service.methods) printMethod(out, method, operation, LiteMethod);
  out.print('} as const;');
  out.print();
}

function printMethod(out: GeneratedFile, method: DescMethod, operation: DescExtension, LiteMethod: ImportSymbol): void {
  const options = getOption(method, operation) as unknown as OperationOptions;
  if (options.privilege === '') throw new Error(`${method.toString()} names no privilege.`);
  const pb = `./${method.parent.file.name}_pb.ts`;
  const input = out.import(`${method.input.name}Schema`, pb, true);
  const output = out.import(`${method.output.name}Schema`, pb, true);
  out.print('  ', method.localName, ': {');
  out.print(`    name: '${method.parent.typeName}/${method.name}',`);
  out.print(`    kind: '${method.methodKind}',`);
  out.print(`    input: ${method.input.name}Lite,`);
  out.print(`    output: ${method.output.name}Lite,`);
  out.print(`    whileFrozen: ${options.whileFrozen},`);
  out.print(`    onDisconnect: '${options.onDisconnect === 2 ? 'detach' : 'stop'}',`);
  out.print(`    privilege: '${options.privilege}',`);
  out.print('  } satisfies ', LiteMethod, '<typeof ', input, ', typeof ', output, '>,');
}

interface OperationOptions {
  whileFrozen: boolean;
  onDisconnect: number;
  privilege: string;
}

type ImportSymbol = ReturnType<GeneratedFile['import']>;

function printMessage(out: GeneratedFile, message: DescMessage, liteType: ImportSymbol): void {
  const schemaType = out.import(`${message.name}Schema`, `./${message.file.name}_pb.ts`, true);
  out.print(
    out.export('const', `${message.name}Lite`),
    ' = ',
    liteType,
    '<typeof ',
    schemaType,
    `>('`,
    message.typeName,
    `', () => [`,
  );
  for (const field of [...message.fields].sort((a, b) => a.number - b.number)) {
    const [kind, rule, type] = describe(field);
    const parts: (string | ImportSymbol)[] = [`  [${field.number}, '${field.localName}', '${kind}'`];
    const oneof = field.oneof === undefined ? 'undefined' : `'${field.oneof.localName}'`;
    if (type !== undefined) parts.push(`, '${rule}', ${oneof}, () => `, importLite(out, type, message));
    else if (field.oneof !== undefined) parts.push(`, '${rule}', ${oneof}`);
    else if (rule !== 'implicit') parts.push(`, '${rule}'`);
    out.print(...parts, '],');
  }
  out.print(']);');
  out.print();
}

function importLite(out: GeneratedFile, type: DescMessage, from: DescMessage): string | ImportSymbol {
  if (type.file === from.file) return `${type.name}Lite`;
  if (type.typeName === 'google.protobuf.Timestamp') return out.import('TimestampLite', '../lite/timestamp-lite.ts');
  return out.import(`${type.name}Lite`, `./${type.file.name}_lite.ts`);
}

function describe(field: DescField): [kind: string, rule: string, type: DescMessage | undefined] {
  if (field.fieldKind === 'map') {
    if (field.mapKey !== ScalarType.STRING) throw new Error(`${field.toString()}: only string keys are supported.`);
    return field.mapKind === 'message'
      ? ['message', 'map', field.message]
      : [field.mapKind === 'enum' ? 'enum' : scalar(field, field.scalar), 'map', undefined];
  }
  const rule = field.fieldKind === 'list' ? 'repeated' : field.proto.proto3Optional ? 'explicit' : 'implicit';
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  if (kind === 'message') return ['message', rule, field.message];
  if (kind === 'enum') return ['enum', rule, undefined];
  return [scalar(field, field.scalar as ScalarType), rule, undefined];
}

function scalar(field: DescField, type: ScalarType): string {
  const kind = kinds[type];
  if (kind === undefined) throw new Error(`${field.toString()}: scalar type ${ScalarType[type]} is not supported.`);
  return kind;
}

runNodeJs(createEcmaScriptPlugin({ name: 'protoc-gen-lite', version: 'v1', generateTs: generate }));

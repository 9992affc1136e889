#!/usr/bin/env node
/**
 * Generates what the agent needs of its schemas without protobuf-es: field tables for `@innkeeper/contract/lite`, method
 * tables, enums, tags, the codec of the native frame and names of capabilities. Run by buf (buf.gen.yaml).
 */
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
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { createEcmaScriptPlugin, type GeneratedFile, runNodeJs, type Schema } from '@bufbuild/protoplugin';
import { generateCodec } from './protoc-gen-lite/print-codec.ts';
import { printComments } from './protoc-gen-lite/print-comments.ts';
import { generateTags, printEnum } from './protoc-gen-lite/print-constants.ts';

/** Only the agent's schema and AgentMessage: the control plane's API is only used by Node and browsers. */
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
    for (const each of file.enums) printEnum(out, each);
    for (const message of file.messages) printMessage(out, message, liteType);
    const rules = rulesExtension(schema);
    for (const service of file.services) printService(out, service, rules);
    generateTags(schema, file);
    if (file.name.endsWith('/frame')) generateCodec(schema, file);
  }
  printCapabilities(schema);
  printComments(schema);
}

/** Generates the list of capabilities that methods name. */
function printCapabilities(schema: Schema): void {
  const methods = schema.files.filter(wanted).flatMap(({ services }) => services.flatMap((service) => service.methods));
  const rules = rulesExtension(schema);
  const names = new Set(methods.map((method) => (getOption(method, rules) as unknown as MethodRules).capability));
  const out = schema.generateFile('agent/v1/capabilities_lite.ts');
  out.print('/** Generated from the capabilities that `proto/agent/v1` gives to its methods. */');
  out.print(out.export('const', 'methodCapabilities'), ' = [');
  for (const name of [...names].sort()) out.print(`  '${name}',`);
  out.print('] as const;');
}

function rulesExtension(schema: Schema): DescExtension {
  const rules = createRegistry(...schema.allFiles).getExtension('innkeeper.options.v1.rules');
  if (rules === undefined) throw new Error('options/v1/options.proto is missing in the input.');
  return rules;
}

/** One entry per method: what a dialect needs to transport its calls generically. */
function printService(out: GeneratedFile, service: DescService, rules: DescExtension): void {
  const LiteMethod = out.import('LiteMethod', '../lite/lite-method.ts', true);
  out.print(out.export('const', `${service.name}Lite`), ' = {');
  for (const method of service.methods) printMethod(out, method, rules, LiteMethod);
  out.print('} as const;');
  out.print();
}

function printMethod(out: GeneratedFile, method: DescMethod, extension: DescExtension, LiteMethod: ImportSymbol): void {
  const rules = getOption(method, extension) as unknown as MethodRules;
  if (rules.capability === '') throw new Error(`${method.toString()} does not declare a capability.`);
  if (rules.onDisconnect === 0) throw new Error(`${method.toString()} does not declare what happens on a disconnect.`);
  const input = importSchema(out, method.input);
  const output = importSchema(out, method.output);
  out.print('  ', method.localName, ': {');
  out.print(`    name: '${method.parent.typeName}/${method.name}',`);
  out.print(`    kind: '${method.methodKind}',`);
  out.print('    input: ', importLite(out, method.input, method.parent.file), ',');
  out.print('    output: ', importLite(out, method.output, method.parent.file), ',');
  out.print(`    whileFrozen: ${rules.whileFrozen},`);
  out.print(`    onDisconnect: '${rules.onDisconnect === 2 ? 'detach' : 'stop'}',`);
  out.print(`    isRepeatable: ${method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN},`);
  out.print(`    capability: '${rules.capability}',`);
  if (method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) out.print('    onlyReads: true,');
  if (rules.privilege !== 'vm.view' && rules.audit !== auditNone) out.print('    isPrivileged: true,');
  out.print(`    timeoutMs: ${rules.timeoutSeconds * 1000},`);
  out.print('  } satisfies ', LiteMethod, '<typeof ', input, ', typeof ', output, '>,');
}

/** AUDIT_NONE. */
const auditNone = 1;

interface MethodRules {
  privilege: string;
  audit: number;
  whileFrozen: boolean;
  onDisconnect: number;
  capability: string;
  timeoutSeconds: number;
}

type ImportSymbol = ReturnType<GeneratedFile['import']>;

function printMessage(out: GeneratedFile, message: DescMessage, liteType: ImportSymbol): void {
  const schemaType = out.import(`${message.name}Schema`, `./${message.file.name}_pb.ts`, true);
  out.print(
    out.export('const', `${message.name}Lite`),
    ' = /* @__PURE__ */ ',
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
    if (type !== undefined) parts.push(`, '${rule}', ${oneof}, () => `, importLite(out, type, message.file));
    else if (field.oneof !== undefined) parts.push(`, '${rule}', ${oneof}`);
    else if (rule !== 'implicit') parts.push(`, '${rule}'`);
    out.print(...parts, '],');
  }
  out.print(']);');
  out.print();
}

/** The schema of a message, as protobuf-es generates it. */
function importSchema(out: GeneratedFile, type: DescMessage): ImportSymbol {
  return out.import(`${type.name}Schema`, `./${type.file.name}_pb.ts`, true);
}

function importLite(out: GeneratedFile, type: DescMessage, from: DescFile): string | ImportSymbol {
  if (type.file === from) return `${type.name}Lite`;
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

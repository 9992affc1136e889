import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { cleanJson } from './clean.ts';
import { toYaml } from './yaml.ts';

/** The API's object as JSON, the way protobuf writes it, or as YAML: stable, and what `curl` would show. */
export function printObject<Desc extends DescMessage>(
  format: 'json' | 'yaml',
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  printValue(format, toJson(schema, message));
}

/** Prints plain values; what a terminal would take for commands is escaped. */
export function printValue(format: 'json' | 'yaml', value: unknown): void {
  process.stdout.write(format === 'yaml' ? toYaml(value) : `${cleanJson(JSON.stringify(value, undefined, 2))}\n`);
}

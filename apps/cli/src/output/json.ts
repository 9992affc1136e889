import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { cleanJson } from './clean.ts';
import { toYaml } from './yaml.ts';

/** Prints a message of the API as protobuf's JSON, the same as `curl` shows, or as YAML. */
export function printObject<Desc extends DescMessage>(
  format: 'json' | 'yaml',
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  printValue(format, toJson(schema, message));
}

/** Prints a plain value. Characters that a terminal would interpret are escaped. */
export function printValue(format: 'json' | 'yaml', value: unknown): void {
  process.stdout.write(format === 'yaml' ? toYaml(value) : `${cleanJson(JSON.stringify(value, undefined, 2))}\n`);
}

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import type { Chance } from './chance.ts';

/** Values that exist in the fuzzed daemon, so that requests get further than "not found". */
export interface KnownIds {
  readonly vmId: string;
  readonly operationId: string;
  readonly runId: string;
}

const maxDepth = 3;
const words = [
  'one',
  'two',
  'tiny',
  'admin',
  'viewer',
  'operator',
  'root',
  'vm.view',
  'guest.exec',
  '*',
  'tag:env=prod',
];
const paths = [
  '/',
  '/d',
  '/d/a',
  '/etc/hostname',
  '/proc/self',
  '/nothing',
  'relative',
  '/d/../d',
  `/${'x'.repeat(300)}`,
];
const commands = ['/usr/bin/true', '/usr/bin/id', 'true', 'seq 3', '/usr/bin/cat', '/nothing', '/d'];
const hostile = [
  ...['', ' ', '\u0000', 'a\u0000b', '\ud800', '\u202e', '🏠', '%', '%00', '%zz', '..', '-', '--help', '{}', 'null'],
  ...[
    "'; DROP TABLE vms; --",
    '"',
    '\\',
    '\n',
    'x'.repeat(64),
    'x'.repeat(5000),
    'state:running',
    'mem>80',
    '!',
    'cpu>',
  ],
  ...['1', '0', '-1', '1e400', 'NaN', 'true', '00000000-0000-0000-0000-000000000000', 'a=b', 'sort:', '-name', 'name'],
];
const integers = [
  ...['0', '1', '2', '-1', '100', '1000', '1001', '65535', '65536', '2147483647', '2147483648', '-2147483648'],
  ...['4294967295', '4294967296', '9007199254740993', '9223372036854775807', '-9223372036854775808'],
  ...['9223372036854775808', '18446744073709551615', '18446744073709551616', '1.5', 'x', ''],
];

/** A request of this type as JSON: mostly right, with values from the ends of what there is, and now and then wrong. */
export function messageJson(chance: Chance, type: DescMessage, known: KnownIds, depth = 0): unknown {
  if (chance.is(0.01)) return chance.of([null, [], 'text', 1, true]);
  const json: Record<string, unknown> = {};
  for (const field of type.fields) {
    if (chance.is(depth === 0 ? 0.6 : 0.4))
      json[chance.is(0.9) ? field.jsonName : field.name] = fieldJson(chance, field, known, depth);
  }
  if (chance.is(0.02))
    json[chance.of(['vmm', '__proto__', 'constructor', '', '$typeName'])] = scalarJson(
      chance,
      ScalarType.STRING,
      known,
    );
  return json;
}

function fieldJson(chance: Chance, field: DescField, known: KnownIds, depth: number): unknown {
  if (chance.is(0.03)) return chance.of([null, [], {}, 'text', -1, true, [[]], [null]]);
  const one = (): unknown => valueJson(chance, field, known, depth);
  if (field.fieldKind === 'list') return Array.from({ length: lengthOf(chance) }, one);
  if (field.fieldKind !== 'map') return one();
  const keys = Array.from({ length: lengthOf(chance) }, () => textOf(chance, known));
  return Object.fromEntries(keys.map((key) => [key, one()]));
}

function lengthOf(chance: Chance): number {
  return chance.is(0.01) ? 1500 : chance.below(4);
}

function valueJson(chance: Chance, field: DescField, known: KnownIds, depth: number): unknown {
  if (field.message !== undefined) return depth < maxDepth ? messageJson(chance, field.message, known, depth + 1) : {};
  if (field.enum !== undefined) {
    return chance.is(0.8) ? chance.of(field.enum.values).name : chance.of(['NONE', 99, -1, 2147483648, null]);
  }
  if (field.scalar === ScalarType.STRING && /path|directory/.test(field.name)) return chance.of(paths);
  if (field.scalar === ScalarType.STRING && /argv|command|script|interpreter/.test(field.name))
    return chance.of(commands);
  return scalarJson(chance, field.scalar ?? ScalarType.STRING, known);
}

function scalarJson(chance: Chance, type: ScalarType, known: KnownIds): unknown {
  switch (type) {
    case ScalarType.STRING:
      return textOf(chance, known);
    case ScalarType.BOOL:
      return chance.is(0.95) ? chance.is(0.5) : chance.of(['true', 1, 'no']);
    case ScalarType.BYTES:
      return chance.is(0.8) ? chance.bytes(chance.below(64)).toString('base64') : chance.of(['=', '***', 'YQ', 7]);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return chance.of([0, 1, -1, 1e308, 'NaN', 'Infinity', 'x']);
    default: {
      const text = chance.of(integers);
      return chance.is(0.5) ? text : Number(text);
    }
  }
}

/** A text: a name that exists, an id, or what somebody might send to find a hole. */
export function textOf(chance: Chance, known: KnownIds): string {
  if (chance.is(0.5)) return chance.of(words);
  if (chance.is(0.3)) return chance.of(Object.values(known) as string[]);
  return chance.of(hostile);
}

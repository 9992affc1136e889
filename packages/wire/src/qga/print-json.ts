import { Content, isObject, type JsonValue, Streamed } from './json-value.ts';

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A value in the style of qemu-ga: one line of ASCII, `", "` and `": "`, members in the order of its hash table. */
export function printJson(value: JsonValue): string {
  return printParts(value).join('');
}

/** The same, in pieces between texts that are streamed; those stand without their quotes. */
export function printParts(value: JsonValue): (string | Streamed)[] {
  // Not recursive: an id may be nested 1,024 deep, and the agent's stack is small.
  const todo: (JsonValue | Printed)[] = [value];
  const done: (string | Streamed)[] = [];
  let text = '';
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (next instanceof Printed) text += next.text;
    else if (Array.isArray(next)) pushAll(todo, '[', itemsOf(next), ']');
    else if (isObject(next)) pushAll(todo, '{', membersOf(next), '}');
    else if (next instanceof Streamed) {
      done.push(`${text}"`, next);
      text = '"';
    } else text += printScalar(next);
  }
  return [...done, text];
}

class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function pushAll(
  todo: (JsonValue | Printed)[],
  open: string,
  parts: readonly (JsonValue | Printed)[],
  close: string,
): void {
  todo.push(new Printed(close));
  for (let at = parts.length - 1; at >= 0; at--) todo.push(parts[at] as JsonValue | Printed);
  todo.push(new Printed(open));
}

function itemsOf(items: readonly JsonValue[]): (JsonValue | Printed)[] {
  return items.flatMap((item, at) => (at === 0 ? [item] : [new Printed(', '), item]));
}

function membersOf(members: ReadonlyMap<string, JsonValue>): (JsonValue | Printed)[] {
  return [...members]
    .map(([name, value]) => ({ name, value, place: placeOf(name) }))
    .sort((a, b) => a.place - b.place)
    .flatMap(({ name, value }, at) => [new Printed(`${at === 0 ? '' : ', '}${printText(name)}: `), value]);
}

function printScalar(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return printText(value);
    case 'number':
      return printNumber(value);
    case 'object':
      return value instanceof Content ? '""' : 'null';
    default:
      return String(value);
  }
}

/** A text in quotes, in ASCII. */
function printText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped.
  return `"${text.replace(/["\\\u0000-\u001f\u007f-\uffff]/g, (char) => escapes[char] ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)}"`;
}

/** As C's "%.17g" writes it. JSON has no infinity: such a number becomes the largest one. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) return printNumber(value < 0 ? -Number.MAX_VALUE : Number.MAX_VALUE);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', exponentText = '0'] = value.toExponential(16).split('e');
  const exponent = Number(exponentText);
  const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent < -4 || exponent >= 17) {
    const sign = exponent < 0 ? '-' : '+';
    return `${trimmed(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return trimmed(value.toFixed(16 - exponent));
}

const buckets = 512;
/** Places of names: answers have the same few hundred. */
const places = new Map<string, number>();
const maxPlaces = 512;

/** Where a name stands in a hash table of qemu-ga, whose order its answers have: the hash of tdb. */
function placeOf(name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  const bytes = new TextEncoder().encode(name);
  let hash = Math.imul(0x238f13af, bytes.length);
  bytes.forEach((byte, at) => {
    hash = (hash + (byte << ((at * 5) % 24))) | 0;
  });
  const place = ((Math.imul(1103515243, hash) + 12345) >>> 0) % buckets;
  if (places.size < maxPlaces && name.length <= 64) places.set(name, place);
  return place;
}

/** The bytes of an IP address, 4 or 16; undefined if the text is not one. Without zone and prefix length. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  // A dotted end is two groups.
  const last = text.slice(text.lastIndexOf(':') + 1);
  const isDotted = last.includes('.');
  const four = isDotted ? parseAddress(last) : undefined;
  if (isDotted && four === undefined) return undefined;
  const pair = (at: number): string => (((four?.[at] ?? 0) << 8) | (four?.[at + 1] ?? 0)).toString(16);
  const plain = isDotted ? `${text.slice(0, -last.length)}${pair(0)}:${pair(2)}` : text;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  if (groups.some((group) => !/^[\da-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

/** The text of 4 or 16 bytes; IPv6 as RFC 5952 writes it. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  const text = groups.map((group) => group.toString(16)).join(':');
  // The longest run of zeros, the first of several, becomes "::".
  const runs = text.match(/(?:^|(?<=:))0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = `:${text}:`.indexOf(`:${longest}:`);
  return `${text.slice(0, at)}::${text.slice(at + longest.length)}`.replace(/:{3,}/g, '::');
}

/** An address with the length of its prefix. */
export interface Prefix {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** "192.0.2.5/24"; undefined if it is not such a text. */
export function parsePrefix(text: string): Prefix | undefined {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bytes = parseAddress(address);
  if (bytes === undefined || Number(length) > 8 * bytes.length) return undefined;
  return { bytes, length: Number(length) };
}

/** The bytes with all bits after the prefix cleared. */
export function networkOf({ bytes, length }: Prefix): Uint8Array {
  return bytes.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * at))));
}

/** Whether an address belongs to the network of a prefix. */
export function isInside(address: Uint8Array, prefix: Prefix): boolean {
  const inner = networkOf({ bytes: address, length: prefix.length });
  return inner.length === prefix.bytes.length && networkOf(prefix).every((byte, at) => byte === inner[at]);
}

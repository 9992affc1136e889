const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const padding = 0x3d;
const codes = Uint8Array.from(alphabet, (char) => char.charCodeAt(0));
/** The value of each character code; 64: it has none. */
const values = new Uint8Array(256).fill(64);
for (let value = 0; value < 64; value++) values[codes[value] ?? 0] = value;

/** See Base64Ops. */
export function encodeBase64(bytes: Uint8Array, into: Uint8Array): number {
  let to = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    into[to++] = codes[group >> 18] ?? 0;
    into[to++] = codes[(group >> 12) & 63] ?? 0;
    into[to++] = left > 1 ? (codes[(group >> 6) & 63] ?? 0) : padding;
    into[to++] = left > 2 ? (codes[group & 63] ?? 0) : padding;
  }
  return to;
}

/** See Base64Ops. */
export function decodeBase64(text: Uint8Array, into: Uint8Array): number {
  const groups = text.length >> 2;
  for (let group = 0; group < groups; group++) {
    const from = group * 4;
    const [a = 64, b = 64, c = 64, d = 64] = [0, 1, 2, 3].map((at) => values[text[from + at] ?? 0]);
    if ((a | b | c | d) > 63) return group;
    const bits = (a << 18) | (b << 12) | (c << 6) | d;
    into[group * 3] = bits >> 16;
    into[group * 3 + 1] = bits >> 8;
    into[group * 3 + 2] = bits;
  }
  return groups;
}

const simple: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** A text between its quotes, without its escapes; or why it is not one. */
export function readText(raw: Uint8Array): { readonly text: string } | { readonly problem: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return { problem: 'invalid UTF-8 sequence in string' };
  }
  if (!text.includes('\\')) return { text };
  let read = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      const next = text.indexOf('\\', at);
      read += text.slice(at, next < 0 ? text.length : next);
      at = (next < 0 ? text.length : next) - 1;
      continue;
    }
    at++;
    const char = text[at] ?? '';
    if (char === 'u') {
      const [, first = '', second] = /^u([\da-f]{4})(?:\\u(d[c-f][\da-f]{2}))?/i.exec(text.slice(at, at + 11)) ?? [];
      const isHigh = /^d[89ab]/i.test(first);
      const units = isHigh && second !== undefined ? first + second : first;
      const unit = Number.parseInt(first, 16);
      const isLone = isHigh ? second === undefined : unit >= 0xdc00 && unit <= 0xdfff;
      const isNone = unit >= 0xfffe || (unit >= 0xfdd0 && unit <= 0xfdef);
      if (first === '' || isLone || isNone)
        return { problem: `\\${text.slice(at, at + 5)} is not a valid Unicode character` };
      read += String.fromCharCode(...(units.match(/.{4}/g) ?? []).map((each) => Number.parseInt(each, 16)));
      at += units.length === 8 ? 10 : 4;
      continue;
    }
    const plain = simple[char];
    if (plain === undefined) return { problem: 'invalid escape sequence in string' };
    read += plain;
  }
  return { text: read };
}

/** A number: exact if it is an integer of 64 bits, with or without a sign. */
export function readNumber(text: string): bigint | number {
  if (!/^-?\d{1,20}$/.test(text)) return Number(text);
  const value = BigInt(text);
  return value >= -0x8000_0000_0000_0000n && value <= 0xffff_ffff_ffff_ffffn ? value : Number(text);
}

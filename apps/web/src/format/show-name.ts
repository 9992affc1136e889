/**
 * Characters that could make a name look like another one: control characters, line breaks, bidirectional and
 * zero-width characters. By Unicode class: control, format, surrogate, line and paragraph separators.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/** Escapes invisible characters in a name that comes from a guest: "a\nb", "\x1b[2J", "\u202etxt.exe". */
export function showName(name: string): string {
  return name.replace(hidden, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return short[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

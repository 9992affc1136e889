/** A colour of output. Only hues, so that every theme can make each of them readable. */
export type AnsiHue = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'dim';

export interface AnsiStyle {
  readonly text?: AnsiHue | undefined;
  readonly background?: AnsiHue | undefined;
  readonly bold?: boolean | undefined;
  readonly dim?: boolean | undefined;
  readonly italic?: boolean | undefined;
  readonly underline?: boolean | undefined;
  readonly strike?: boolean | undefined;
  readonly inverse?: boolean | undefined;
}

export interface AnsiPart {
  readonly text: string;
  readonly style: AnsiStyle;
}

export const plainStyle: AnsiStyle = {};

/**
 * Control sequences (ECMA-48): CSI, strings such as window titles and links, and short escape sequences. Includes a
 * sequence cut off at the end, so that half of one is never shown.
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  /\x1b(?:\[([0-?]*)[ -/]*([@-~]|$)|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*(?:[0-~]|$))|\x1b/g;

const hues: readonly (AnsiHue | undefined)[] = [
  ...(['dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const),
  undefined,
];

/**
 * Splits a line of output into styled parts, and returns the style in which the next line begins. Colours become hues;
 * all other control sequences are removed, and hidden text is shown.
 */
export function ansiParts(line: string, start: AnsiStyle): { readonly parts: AnsiPart[]; readonly end: AnsiStyle } {
  if (!line.includes('\x1b'))
    return { parts: line === '' ? [] : [{ text: showControls(line), style: start }], end: start };
  const parts: AnsiPart[] = [];
  let style = start;
  let at = 0;
  const take = (end: number): void => {
    if (end > at) parts.push({ text: showControls(line.slice(at, end)), style });
  };
  for (const match of line.matchAll(sequences)) {
    take(match.index);
    at = match.index + match[0].length;
    if (match[2] === 'm') style = styleAfter(style, match[1] ?? '');
  }
  take(line.length);
  return { parts, end: style };
}

/** Applies SGR parameters: "1;31", "38;5;196", "38:2::255:0:0". */
function styleAfter(before: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map(Number);
  let style = before;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const { hue, used } = extendedHue(codes.slice(index + 1), parameters.includes(':'));
      style = { ...style, [code === 38 ? 'text' : 'background']: hue };
      index += used;
    } else style = simpleStyle(style, code);
  }
  return style;
}

function simpleStyle(style: AnsiStyle, code: number): AnsiStyle {
  switch (code) {
    case 0:
      return plainStyle;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 7:
      return { ...style, inverse: true };
    case 9:
      return { ...style, strike: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 27:
      return { ...style, inverse: false };
    case 29:
      return { ...style, strike: false };
  }
  const digit = code % 10;
  const tens = code - digit;
  if (digit === 9 && (tens === 30 || tens === 40))
    return { ...style, [tens === 30 ? 'text' : 'background']: undefined };
  if (digit > 7) return style;
  if (tens === 30 || tens === 90) return { ...style, text: hues[digit] };
  return tens === 40 || tens === 100 ? { ...style, background: hues[digit] } : style;
}

/** Reads the codes after 38 or 48: "5;N" of 256 colours, or "2;R;G;B"; with colons, a colour space precedes R. */
function extendedHue(
  codes: readonly number[],
  colons: boolean,
): { readonly hue: AnsiHue | undefined; readonly used: number } {
  const [kind, number = 0] = codes;
  if (kind === 5) return { hue: paletteHue(number), used: 2 };
  if (kind !== 2) return { hue: undefined, used: 0 };
  const skip = colons && codes.length > 4 ? 2 : 1;
  const [red = 0, green = 0, blue = 0] = codes.slice(skip);
  return { hue: nearestHue(red, green, blue), used: skip + 3 };
}

function paletteHue(number: number): AnsiHue | undefined {
  if (number < 16) return hues[number % 8];
  if (number >= 232) return number < 244 ? 'dim' : undefined;
  const cube = number - 16;
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  return nearestHue(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function nearestHue(red: number, green: number, blue: number): AnsiHue | undefined {
  const highest = Math.max(red, green, blue);
  const range = highest - Math.min(red, green, blue);
  if (range < 40) return highest < 140 ? 'dim' : undefined;
  const sixth =
    highest === red ? (green - blue) / range : highest === green ? 2 + (blue - red) / range : 4 + (red - green) / range;
  const around = ['red', 'yellow', 'green', 'cyan', 'blue', 'magenta'] as const;
  return around[(Math.round(sixth) + 6) % 6];
}

/** Control and bidirectional characters, which are made visible. */
const hidden = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;

function showControls(text: string): string {
  return text.replace(hidden, (character) => {
    if (character === '\t') return character;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

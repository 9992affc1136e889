/** Control characters, C1 among them, line separators, and those that turn the direction of writing around. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from a guest as one line that cannot move a cursor, set colours or begin a line: such characters become "·", and
 * what is longer than `maxCharacters` ends with "…". Default: no limit.
 */
export function cleanText(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  // Cut first: a guest decides how long the text is.
  const cut = text.length > maxCharacters ? `${text.slice(0, Math.max(0, maxCharacters - 1))}…` : text;
  return cut.replace(unprintable, '·');
}

/** Control characters (C0 and C1), line separators, and characters that reverse the writing direction. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Returns a guest's text as one line that cannot move a cursor, set colours or begin a new line: such characters become
 * "·". Text longer than `maxCharacters` is cut and ends with "…". Default: no limit.
 */
export function cleanText(text: string, maxCharacters = Number.POSITIVE_INFINITY): string {
  // Cut before replacing: a guest's text can be very long.
  const cut = text.length > maxCharacters ? `${text.slice(0, Math.max(0, maxCharacters - 1))}…` : text;
  return cut.replace(unprintable, '·');
}

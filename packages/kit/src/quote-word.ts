/** Quotes a word for a shell if necessary. Control characters use ANSI-C quoting. */
export function quoteWord(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  if (!/[\x00-\x1f\x7f]/.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it escapes control characters
  const escaped = word.replaceAll(/[\\']/g, '\\$&').replaceAll(/[\x00-\x1f\x7f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `$'${escaped}'`;
}

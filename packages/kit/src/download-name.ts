/** Control characters, line breaks, zero-width and direction marks, path separators, quotes. */
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD/\\"]/gu;
const maxChars = 200;

/**
 * Returns a safe file name for a browser's download from a guest's name: a single path part with "_" for every character
 * that could mislead. At most 200 characters; the last ones are kept, since they have the file's extension. "file" when
 * nothing is left.
 */
export function downloadName(name: string): string {
  const fit = name.replace(unfit, '_').slice(-maxChars).toWellFormed().trim();
  return /^\.*$/.test(fit) ? 'file' : fit;
}

/** Controls, line breaks, marks without width or that turn the direction of writing, what separates folders, quotes. */
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD/\\"]/gu;
const maxChars = 200;

/**
 * A guest's name for a file that a browser saves: one part, that looks as what it is, with "_" for what does not. At most
 * 200 characters, of which the last ones are kept: they say what kind of file it is. "file" when nothing is left.
 */
export function downloadName(name: string): string {
  const fit = name.replace(unfit, '_').slice(-maxChars).toWellFormed().trim();
  return /^\.*$/.test(fit) ? 'file' : fit;
}

/** The first rows whose texts have at most `maxChars` UTF-16 units together, so that an answer fits into a frame. */
export function withinChars<T>(rows: readonly T[], maxChars: number, textOf: (row: T) => string): T[] {
  let chars = 0;
  const end = rows.findIndex((row) => {
    chars += textOf(row).length;
    return chars > maxChars;
  });
  return end < 0 ? [...rows] : rows.slice(0, end);
}

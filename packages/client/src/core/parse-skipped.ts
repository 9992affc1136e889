/** The list of a header that says what was left out of an archive; empty when there is none, or it is no list. */
export function parseSkipped(header: string | undefined): readonly string[] {
  try {
    const list = JSON.parse(header ?? '[]') as unknown;
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    // SyntaxError: a proxy that cut the header. The list is for a person to read only.
    return [];
  }
}

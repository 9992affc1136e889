/** Maximum length of the header; entries that do not fit are left out, marked by a last entry "…". */
const maxHeaderChars = 8192;

/** The skipped entries of an archive as a JSON array in ASCII. The text is a guest's. */
export function skippedHeader(skipped: readonly string[]): string {
  const parts: string[] = [];
  let chars = 2;
  for (const each of skipped) {
    const part = toAscii(JSON.stringify(each));
    chars += part.length + 1;
    if (chars > maxHeaderChars) {
      parts.push('"…"'.replace('…', '\\u2026'));
      break;
    }
    parts.push(part);
  }
  return `[${parts.join(',')}]`;
}

function toAscii(json: string): string {
  return json.replace(/[^\u0020-\u007e]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Of a header; what does not fit is left out, and the last one says so. */
const maxHeaderChars = 8192;

/** What was left out of an archive, as a JSON list in ASCII. The words are a guest's. */
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

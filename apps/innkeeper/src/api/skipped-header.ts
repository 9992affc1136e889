/** Maximum length of the header; of entries that do not fit, the last entry is the number. */
const maxHeaderChars = 8192;
/** Room for that number. */
const numberChars = 40;
/** An agent's last entry, when its own list was too long. */
const further = /^(\d{1,9}) more /;

/** The skipped entries of an archive as a JSON array in ASCII. The text is a guest's. */
export function skippedHeader(skipped: readonly string[]): string {
  const parts: string[] = [];
  let chars = 2;
  for (const [index, each] of skipped.entries()) {
    const part = toAscii(JSON.stringify(each));
    chars += part.length + 1;
    if (chars > maxHeaderChars - numberChars) {
      const rest = skipped.slice(index).reduce((sum, what) => sum + Number(further.exec(what)?.[1] ?? 1), 0);
      parts.push(JSON.stringify(`${rest} more entries`));
      break;
    }
    parts.push(part);
  }
  return `[${parts.join(',')}]`;
}

function toAscii(json: string): string {
  return json.replace(/[^\u0020-\u007e]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

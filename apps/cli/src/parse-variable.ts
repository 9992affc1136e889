/** "NAME=value", or "NAME" for our own variable of that name. */
export function parseVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 1 ? [text, process.env[text] ?? ''] : [text.slice(0, at), text.slice(at + 1)];
}

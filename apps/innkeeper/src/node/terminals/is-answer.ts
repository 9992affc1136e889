/** Longer input is always typed or pasted. */
const maxAnswerBytes = 256;
/** Device attributes and status, cursor position, mode and window reports; colours; settings. */
const forms = [
  String.raw`\x1b\[[?>]?[\d;]*(?:c|n|R|\$y|t)`,
  String.raw`\x1b\](?:4|1[0-2]);[^\x07\x1b]*(?:\x07|\x1b\\)`,
  String.raw`\x1bP[^\x1b]*\x1b\\`,
];
const answers = new RegExp(`^(?:${forms.join('|')})+$`);

/**
 * Whether input is a terminal's automatic reply to a query of a program. Every viewer's terminal replies, but the program
 * expects one reply.
 */
export function isAnswer(bytes: Uint8Array): boolean {
  if (bytes.length > maxAnswerBytes || bytes[0] !== 0x1b) return false;
  return answers.test(Buffer.from(bytes).toString('latin1'));
}

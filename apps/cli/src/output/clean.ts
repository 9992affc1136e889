import { cleanText } from '@innkeeper/kit';

const beyondAscii = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text from a guest for a terminal: with "·" for characters that would move the cursor, set colours or begin a line. */
export function clean(text: string): string {
  return cleanText(text);
}

/** The same for text of several lines: line breaks stay, and every line but the first is indented by `indent`. */
export function cleanLines(text: string, indent: string): string {
  return text.trimEnd().split(/\r?\n/).map(clean).join(`\n${indent}`);
}

/** JSON text with the same characters escaped: JSON itself escapes only those of ASCII. */
export function cleanJson(json: string): string {
  return json.replace(beyondAscii, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

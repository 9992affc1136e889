import { createRequire } from 'node:module';

type StringWidth = (text: string) => number;

/** What every terminal shows one cell wide: ASCII, and the signs that our own words have. */
const narrow = /^[\u0020-\u007e–·…]*$/;
let stringWidth: StringWidth | undefined;

/** Cells that a text takes on a terminal. The library for the rest is loaded only when a text needs it: 25 ms of a start. */
export function widthOf(text: string): number {
  if (narrow.test(text)) return text.length;
  stringWidth ??= (createRequire(import.meta.url)('string-width') as { readonly default: StringWidth }).default;
  return stringWidth(text);
}

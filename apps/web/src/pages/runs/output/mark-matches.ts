import type { AnsiPart, AnsiStyle } from './ansi-parts.ts';
import { ansiParts, plainStyle } from './ansi-parts.ts';
import type { LineBlocks, OutputLine } from './line-blocks.ts';

export interface MarkedPart extends AnsiPart {
  readonly marked: boolean;
}

/** Maximum number of matching lines; more are not counted. */
export const maxMatches = 10_000;

/** Returns the indexes of the lines that contain `query`, ignoring case; none for an empty query. */
export function findLines(blocks: LineBlocks, query: string): readonly number[] {
  if (query === '') return [];
  const wanted = query.toLowerCase();
  const found: number[] = [];
  for (const { first, lines } of blocks.all)
    for (const [index, line] of lines.entries()) {
      if (found.length >= maxMatches) return found;
      if (plainText(line).toLowerCase().includes(wanted)) found.push(first + index);
    }
  return found;
}

/** A line's text as shown, without colours. */
function plainText({ text }: Pick<OutputLine, 'text'>): string {
  return partsOf({ text, style: plainStyle })
    .map((part) => part.text)
    .join('');
}

/** A line's parts as shown, without a trailing "\r", which may be half of a line end. */
export function partsOf({ text, style }: { readonly text: string; readonly style: AnsiStyle }): readonly AnsiPart[] {
  return ansiParts(text.endsWith('\r') ? text.slice(0, -1) : text, style).parts;
}

/** Splits parts at the start and end of each match, also if a match spans several parts. */
export function markMatches(parts: readonly AnsiPart[], query: string): readonly MarkedPart[] {
  const whole = parts.map(({ text }) => text).join('');
  const wanted = query.toLowerCase();
  const lower = whole.toLowerCase();
  // Some letters get longer in lower case, which shifts positions; such a line is not marked.
  if (wanted === '' || lower.length !== whole.length) return parts.map((part) => ({ ...part, marked: false }));
  const edges: number[] = [];
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length))
    edges.push(at, at + wanted.length);
  const marked: MarkedPart[] = [];
  let offset = 0;
  let edge = 0;
  for (const { text, style } of parts) {
    let at = 0;
    while (at < text.length) {
      const next = edges[edge] ?? Number.POSITIVE_INFINITY;
      const end = Math.min(text.length, next - offset);
      if (end > at) marked.push({ text: text.slice(at, end), style, marked: edge % 2 === 1 });
      at = end;
      while ((edges[edge] ?? Number.POSITIVE_INFINITY) <= offset + at) edge++;
    }
    offset += text.length;
  }
  return marked;
}

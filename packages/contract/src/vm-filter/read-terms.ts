/** One word of a filter, without quotation marks and "!". */
export interface FilterTerm {
  readonly text: string;
  readonly negated: boolean;
  /** Position in `text` at which the quoted part begins; the length of `text` when nothing was quoted. */
  readonly quotedFrom: number;
  /** Position in the whole filter, including "!" and quotation marks. */
  readonly start: number;
  readonly end: number;
  readonly unclosed: boolean;
}

const space = /\s/;

/** Splits a filter into terms at white space outside of double quotation marks. */
export function* readTerms(filter: string): Generator<FilterTerm> {
  let at = 0;
  while (at < filter.length) {
    if (space.test(filter.charAt(at))) at++;
    else {
      const term = readTerm(filter, at);
      yield term;
      at = term.end;
    }
  }
}

function readTerm(filter: string, start: number): FilterTerm {
  const negated = filter.charAt(start) === '!';
  let at = negated ? start + 1 : start;
  let text = '';
  let quoted = false;
  let quotedFrom: number | undefined;
  for (; at < filter.length; at++) {
    const character = filter.charAt(at);
    if (character === '"') {
      quoted = !quoted;
      quotedFrom ??= text.length;
    } else if (!quoted && space.test(character)) break;
    else text += character;
  }
  return { text, negated, quotedFrom: quotedFrom ?? text.length, start, end: at, unclosed: quoted };
}

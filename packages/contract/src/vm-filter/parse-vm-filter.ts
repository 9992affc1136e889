import { type FilterFieldName, filterFields, isFilterField, vmStateWords } from './filter-fields.ts';
import { type FilterTerm, readTerms } from './read-terms.ts';

export type ComparisonOperator = '<' | '<=' | '=' | '>=' | '>';

/** One condition on a VM. `!` negates it; an unknown value matches neither the condition nor its negation. */
export type VmCondition = { readonly negated: boolean } & (
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly field: TextFieldName; readonly value: string }
  | {
      readonly kind: 'number';
      readonly field: NumberFieldName;
      readonly operator: ComparisonOperator;
      readonly value: number;
    }
);

export type TextFieldName = {
  [K in FilterFieldName]: (typeof filterFields)[K]['kind'] extends 'text' ? K : never;
}[FilterFieldName];
export type NumberFieldName = Exclude<FilterFieldName, TextFieldName>;

/** An invalid part of the text, from `start` to before `end`. */
export interface FilterProblem {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

export interface ParsedVmFilter {
  readonly conditions: readonly VmCondition[];
  /** Empty when the whole text is valid. */
  readonly problems: readonly FilterProblem[];
}

/** Maximum length of a filter; a longer one is reported as a problem. */
export const maxFilterCharacters = 2000;

const operators = /^([a-z]+)(<=|>=|<|>|=)(.*)$/s;
const pair = /^([a-z]+):(.*)$/s;

/**
 * Parses the filter language of VM lists (docs/operate/filter.md): words and conditions, all of which must match. Never
 * throws: what cannot be parsed is in `problems`, with its position, for an interface to mark.
 */
export function parseVmFilter(text: string): ParsedVmFilter {
  if (text.length > maxFilterCharacters) {
    const message = `The filter is too long (at most ${maxFilterCharacters} characters).`;
    return { conditions: [], problems: [{ start: maxFilterCharacters, end: text.length, message }] };
  }
  const conditions: VmCondition[] = [];
  const problems: FilterProblem[] = [];
  for (const term of readTerms(text)) {
    const result = term.unclosed ? 'The quotation mark is not closed.' : readCondition(term);
    if (typeof result === 'string') problems.push({ start: term.start, end: term.end, message: result });
    else conditions.push(result);
  }
  return { conditions, problems };
}

/** Returns the condition, or what is wrong with it. */
function readCondition({ text, negated, quotedFrom }: FilterTerm): VmCondition | string {
  // Quoted text is not syntax.
  const syntax = text.slice(0, quotedFrom);
  const compared = operators.exec(syntax);
  if (compared !== null && !pair.test(syntax)) {
    const [, name = '', operator = ''] = compared;
    const value = text.slice(name.length + operator.length);
    return readComparison(name, operator as ComparisonOperator, value, negated);
  }
  const matched = pair.exec(syntax);
  if (matched === null) {
    return text === '' ? 'A word is missing after "!".' : { kind: 'word', text: text.toLowerCase(), negated };
  }
  const [, name = ''] = matched;
  return readMatch(name, text.slice(name.length + 1), negated);
}

function readMatch(name: string, value: string, negated: boolean): VmCondition | string {
  if (!isFilterField(name)) return unknownField(name);
  const field = filterFields[name];
  if (field.kind !== 'text') return readComparison(name, '=', value, negated);
  if (value === '') return `A value is missing after "${name}:".`;
  const wanted = 'caseSensitive' in field ? value : value.toLowerCase();
  const words: readonly string[] | undefined = 'words' in field ? field.words : undefined;
  if (words !== undefined && !words.includes(wanted)) {
    return `"${shorten(value)}" is not a valid ${name}. Use ${words.slice(0, -1).join(', ')} or ${words.at(-1)}.`;
  }
  return { kind: 'text', field: name as TextFieldName, value: wanted, negated };
}

function readComparison(
  name: string,
  operator: ComparisonOperator,
  value: string,
  negated: boolean,
): VmCondition | string {
  if (!isFilterField(name)) return unknownField(name);
  const field = filterFields[name];
  // "tag=web" and "tag:web" are one spelling.
  if (field.kind === 'text' && operator === '=') return readMatch(name, value, negated);
  if (field.kind === 'text') return `"${name}" is compared with ":", as in ${field.example}.`;
  const number = field.parse(value);
  if (number === undefined) return `"${shorten(value)}" is not a valid ${field.unit}. Write it as in ${field.example}.`;
  return { kind: 'number', field: name as NumberFieldName, operator, value: number, negated };
}

function unknownField(name: string): string {
  if ((vmStateWords as readonly string[]).includes(name)) return `Write state:${name}.`;
  return `There is no filter field "${shorten(name)}". The fields are ${Object.keys(filterFields).join(', ')}.`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

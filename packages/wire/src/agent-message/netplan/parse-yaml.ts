import { OperationError } from '@innkeeper/contract/errors';

/** A text, a list, or a map in the order of its keys. */
export type Yaml = string | readonly Yaml[] | ReadonlyMap<string, Yaml>;

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

const maxLines = 500;
const maxDepth = 10;
const key = /^("[^"]*"|'[^']*'|[^\s"'[{#&*!|>%@`-][^"'[{]*?):(?:\s+(.*))?$/;

/**
 * Parses the part of YAML that network configurations use: maps and lists in blocks or in brackets, plain and quoted texts,
 * comments. Anchors, tags, and texts of several lines are refused.
 * @throws OperationError INVALID_ARGUMENT with the line
 */
export function parseYaml(text: string): Yaml {
  const all = text.split('\n');
  if (all.length > maxLines) throw refused(maxLines, `has more than ${maxLines} lines`);
  const lines = all
    .map((line, index) => lineOf(line, index + 1))
    .filter(({ text: content }) => content !== '' && content !== '---');
  if (lines.length === 0) return new Map();
  const parser = new BlockParser(lines);
  const value = parser.block(lines[0]?.indent ?? 0, 0);
  parser.end();
  return value;
}

function lineOf(line: string, number: number): Line {
  const content = line.trimEnd();
  let indent = 0;
  while (content[indent] === ' ') indent++;
  const rest = content.slice(indent);
  if (rest.startsWith('\t')) throw refused(number, 'is indented by a tab');
  // A dot of an expression stops at these, and what precedes it would be tried in every combination.
  if (/[\r\u2028\u2029]/.test(rest)) throw refused(number, 'has an end of a line within it');
  // A quoted text may have "#" in it.
  const text = /["']/.test(rest) && !rest.startsWith('#') ? rest : withoutComment(rest);
  return { number, indent, text };
}

function withoutComment(text: string): string {
  for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1))
    if (at === 0 || /\s/.test(text[at - 1] ?? '')) return text.slice(0, at).trimEnd();
  return text;
}

function refused(line: number, what: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', `netplan_config: line ${line} ${what}.`);
}

class BlockParser {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  end(): void {
    const rest = this.#lines[this.#at];
    if (rest !== undefined) throw refused(rest.number, 'is indented differently');
  }

  block(indent: number, depth: number): Yaml {
    const line = this.#lines[this.#at];
    if (line === undefined || line.indent !== indent) throw refused(line?.number ?? 0, 'is indented differently');
    if (depth > maxDepth) throw refused(line.number, 'is nested too deeply');
    if (/^-(?:\s|$)/.test(line.text)) return this.#list(indent, depth);
    return key.test(line.text) ? this.#map(indent, depth) : this.#scalar(line);
  }

  #scalar(line: Line): Yaml {
    this.#at++;
    return parseFlow(line.text, line.number);
  }

  #list(indent: number, depth: number): Yaml {
    const list: Yaml[] = [];
    for (;;) {
      const line = this.#lines[this.#at];
      const [, gap = '', rest = ''] = (line?.indent === indent ? /^-(\s+|$)(.*)$/.exec(line.text) : null) ?? [];
      if (line === undefined || line.indent !== indent || !/^-(?:\s|$)/.test(line.text)) return list;
      if (rest === '') {
        this.#at++;
        list.push(this.#nested(indent, depth));
      } else {
        // The rest of the line is a block that begins further right.
        const inner = indent + 1 + gap.length;
        this.#lines[this.#at] = { number: line.number, indent: inner, text: rest };
        list.push(this.block(inner, depth + 1));
      }
    }
  }

  #map(indent: number, depth: number): Yaml {
    const map = new Map<string, Yaml>();
    for (;;) {
      const line = this.#lines[this.#at];
      if (line === undefined || line.indent !== indent) return map;
      const [, quotedName = '', value = ''] = key.exec(line.text) ?? [];
      if (quotedName === '') throw refused(line.number, 'is not "key: value"');
      const name = unquoted(quotedName);
      if (map.has(name)) throw refused(line.number, `repeats "${name.slice(0, 40)}"`);
      this.#at++;
      map.set(name, value === '' ? this.#nested(indent, depth, true) : parseFlow(value, line.number));
    }
  }

  /** What is indented further; a list under a key need not be. */
  #nested(indent: number, depth: number, isUnderKey = false): Yaml {
    const line = this.#lines[this.#at];
    if (line !== undefined && line.indent > indent) return this.block(line.indent, depth + 1);
    if (isUnderKey && line?.indent === indent && /^-(?:\s|$)/.test(line.text)) return this.#list(indent, depth + 1);
    return '';
  }
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text.trim();
}

const flowTokens = /"[^"\\]*"|'[^']*'|[[\]{},]|[^\s[\]{},"'][^[\]{},"']*/gy;

/** A text, or a list or map in brackets. */
function parseFlow(text: string, line: number): Yaml {
  if (!/^[[{]/.test(text)) {
    if (/^[&*!|>%@`]/.test(text)) throw refused(line, `has "${text.slice(0, 20)}", which is not supported`);
    return unquoted(text);
  }
  const tokens: string[] = [];
  let at = 0;
  const compact = text.replace(/\s+/g, ' ');
  while (at < compact.length) {
    if (compact[at] === ' ') {
      at++;
      continue;
    }
    flowTokens.lastIndex = at;
    const [token] = flowTokens.exec(compact) ?? [];
    if (token === undefined) throw refused(line, 'is malformed');
    tokens.push(token.trim());
    at += token.length;
  }
  // Taken from the end, which does not move the others.
  tokens.reverse();
  const value = flowValue(tokens, line, 0);
  if (tokens.length > 0) throw refused(line, 'goes on after its last bracket');
  return value;
}

/** The tokens are in reverse. */
function flowValue(tokens: string[], line: number, depth: number): Yaml {
  const open = tokens.pop();
  if (open === undefined || depth > maxDepth) throw refused(line, 'has a bracket that is not closed');
  if (open !== '[' && open !== '{') return unquoted(open);
  const list: Yaml[] = [];
  const map = new Map<string, Yaml>();
  while (tokens.at(-1) !== (open === '[' ? ']' : '}')) {
    if (open === '[') list.push(flowValue(tokens, line, depth + 1));
    else {
      const [, name = '', value = ''] = /^(.*?):(?: +(.*))?$/.exec(tokens.pop() ?? '') ?? [];
      if (name === '') throw refused(line, 'has a map that is malformed');
      map.set(unquoted(name), value === '' ? flowValue(tokens, line, depth + 1) : unquoted(value));
    }
    if (tokens.at(-1) === ',') tokens.pop();
    else if (tokens.length === 0) throw refused(line, 'has a bracket that is not closed');
  }
  tokens.pop();
  return open === '[' ? list : map;
}

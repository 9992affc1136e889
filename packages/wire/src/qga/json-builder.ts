import type { JsonToken } from './json-lexer.ts';
import { readNumber, readText } from './json-text.ts';
import type { Content, JsonValue } from './json-value.ts';
import { maxNesting, maxRequestTextBytes, maxRequestValues } from './limits.ts';

interface Frame {
  readonly object: Map<string, JsonValue> | undefined;
  readonly array: JsonValue[];
  key: string;
}

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'separator-or-end';

export type BuilderEvent =
  | { readonly type: 'value'; readonly value: JsonValue }
  | { readonly type: 'error'; readonly problem: string };

/**
 * Builds values from tokens. A value with a syntax error is reported at its end, where its brackets are balanced, as
 * QEMU does; one beyond a limit at once, and the rest of it is skipped.
 */
export class JsonBuilder {
  #frames: Frame[] = [];
  #expected: Expected = 'value';
  #braces = 0;
  #brackets = 0;
  #problem: string | undefined;
  #isReported = false;
  #textBytes = 0;
  #values = 0;

  /** Whether it is within a value. */
  get isPending(): boolean {
    return this.#braces > 0 || this.#brackets > 0;
  }

  /** Whether nothing of earlier bytes is left that could change what the next ones mean. */
  get isFresh(): boolean {
    return (
      this.#frames.length === 0 &&
      this.#expected === 'value' &&
      this.#problem === undefined &&
      !this.#isReported &&
      this.#braces === 0 &&
      this.#brackets === 0 &&
      this.#textBytes === 0 &&
      this.#values === 0
    );
  }

  /** Names of the objects and arrays around the next value, if one is expected. */
  get pathOfNext(): readonly string[] | undefined {
    if (this.#problem !== undefined || this.#expected !== 'value') return undefined;
    const { object, key = '' } = this.#frames.at(-1) ?? {};
    if (object?.has(key) === true) return undefined;
    return this.#frames.map((frame) => frame.key);
  }

  /** White space within a value counts as its text does: a request without end is noticed. */
  addBlanks(count: number): BuilderEvent | undefined {
    if (!this.isPending) return undefined;
    this.#textBytes += count;
    return this.#finish(undefined);
  }

  /** Forgets everything. */
  reset(): void {
    this.#frames = [];
    this.#expected = 'value';
    this.#braces = 0;
    this.#brackets = 0;
    this.#problem = undefined;
    this.#isReported = false;
    this.#textBytes = 0;
    this.#values = 0;
  }

  /** A text that was passed on, as a value. */
  addContent(content: Content): BuilderEvent | undefined {
    return this.#finish(this.#value(content));
  }

  add(token: JsonToken): BuilderEvent | undefined {
    switch (token.kind) {
      case 'stray':
        this.reset();
        return { type: 'error', problem: `JSON parse error, stray '${token.text}'` };
      case 'punctuation':
        return this.#punctuation(token.text);
      case 'text': {
        this.#textBytes += token.raw.length;
        const read = readText(token.raw);
        return this.#finish('text' in read ? this.#text(read.text) : this.#fail(read.problem));
      }
      case 'number':
        this.#textBytes += token.text.length;
        return this.#finish(this.#value(readNumber(token.text)));
      case 'keyword':
        return this.#finish(this.#keyword(token.text));
      case 'too-long':
        return this.#exceed('JSON token size limit exceeded');
      default:
        return undefined;
    }
  }

  #punctuation(char: string): BuilderEvent | undefined {
    if (char === '{') this.#braces++;
    else if (char === '}') this.#braces--;
    else if (char === '[') this.#brackets++;
    else if (char === ']') this.#brackets--;
    if (this.#braces + this.#brackets > maxNesting) return this.#exceed('JSON nesting depth limit exceeded');
    if (char === '{' || char === '[') return this.#finish(this.#open(char));
    if (char === '}' || char === ']') return this.#finish(this.#close(char));
    if (char === ':') return this.#finish(this.#colon());
    return this.#finish(this.#comma());
  }

  #open(char: string): undefined {
    if (this.#expected === 'key' || this.#expected === 'key-or-end') return this.#fail(noKey);
    if (this.#expected !== 'value' && this.#expected !== 'value-or-end') return this.#failSeparator();
    this.#frames.push({ object: char === '{' ? new Map() : undefined, array: [], key: '' });
    this.#expected = char === '{' ? 'key-or-end' : 'value-or-end';
    return undefined;
  }

  #close(char: string): JsonValue | undefined {
    const frame = this.#frames.at(-1);
    const isObject = frame?.object !== undefined;
    const mayEnd = this.#expected === 'separator-or-end' || this.#expected === `${isObject ? 'key' : 'value'}-or-end`;
    if (frame === undefined || !mayEnd || isObject !== (char === '}')) return this.#failSeparator();
    this.#frames.pop();
    this.#expected = 'value';
    return this.#value(frame.object ?? frame.array);
  }

  #colon(): undefined {
    if (this.#expected !== 'colon') return this.#failSeparator();
    this.#expected = 'value';
    return undefined;
  }

  #comma(): undefined {
    if (this.#expected !== 'separator-or-end') return this.#failSeparator();
    this.#expected = this.#frames.at(-1)?.object === undefined ? 'value' : 'key';
    return undefined;
  }

  #keyword(text: string): JsonValue | undefined {
    const value = text === 'null' ? null : text === 'true' ? true : text === 'false' ? false : undefined;
    const wantsOne = this.#expected !== 'colon' && this.#expected !== 'separator-or-end';
    if (value === undefined && wantsOne) return this.#fail(`invalid keyword '${text}'`);
    return this.#value(value ?? null);
  }

  #text(text: string): JsonValue | undefined {
    if (this.#expected !== 'key' && this.#expected !== 'key-or-end') return this.#value(text);
    const frame = this.#frames.at(-1);
    if (frame !== undefined) frame.key = text;
    this.#values++;
    this.#expected = 'colon';
    return undefined;
  }

  /** A complete value at this place: it, if it is the whole one. */
  #value(value: JsonValue): JsonValue | undefined {
    if (this.#expected === 'key' || this.#expected === 'key-or-end') return this.#fail(noKey);
    if (this.#expected !== 'value' && this.#expected !== 'value-or-end') return this.#failSeparator();
    if (this.#problem !== undefined) return undefined;
    this.#values++;
    const frame = this.#frames.at(-1);
    this.#expected = 'separator-or-end';
    if (frame === undefined) return value;
    if (frame.object === undefined) frame.array.push(value);
    else if (frame.object.has(frame.key)) return this.#fail('duplicate key');
    else frame.object.set(frame.key, value);
    return undefined;
  }

  #failSeparator(): undefined {
    if (this.#expected === 'colon') return this.#fail('missing : in object pair');
    if (this.#expected !== 'separator-or-end') return this.#fail('expecting value');
    return this.#fail(`expected separator in ${this.#frames.at(-1)?.object === undefined ? 'list' : 'dict'}`);
  }

  /** The first one counts. */
  #fail(problem: string): undefined {
    this.#problem ??= `JSON parse error, ${problem}`;
    this.#frames = [];
    return undefined;
  }

  #exceed(problem: string): BuilderEvent | undefined {
    const isFirst = !this.#isReported;
    this.#fail(problem);
    this.#isReported = true;
    const ended = this.#finish(undefined);
    return isFirst ? { type: 'error', problem } : ended;
  }

  /** After each token: what is to be reported. */
  #finish(value: JsonValue | undefined): BuilderEvent | undefined {
    if (!this.#isReported && this.#textBytes > maxRequestTextBytes)
      return this.#exceed('JSON token size limit exceeded');
    if (!this.#isReported && this.#values > maxRequestValues) return this.#exceed('JSON token count limit exceeded');
    const isOpen = (this.#braces > 0 || this.#brackets > 0) && this.#braces >= 0 && this.#brackets >= 0;
    if (isOpen) return undefined;
    const problem = this.#problem;
    const wasReported = this.#isReported;
    this.reset();
    if (wasReported) return undefined;
    if (problem !== undefined) return { type: 'error', problem };
    return value === undefined ? undefined : { type: 'value', value };
  }
}

const noKey = 'key is not a string in object';

/** A value of the configuration file. */
export type ConfigValue = boolean | number | string | readonly string[];

/** A value with the line that its key is on, from 1. */
export interface ConfigEntry {
  readonly value: ConfigValue;
  readonly line: number;
}

/** What is wrong with a file, in one sentence without a full stop. */
export interface ConfigProblem {
  /** From 1; 0: the whole file. */
  readonly line: number;
  readonly message: string;
}

/** Every entry by its name: "section.key", or "key" before the first section. */
export interface ParsedToml {
  readonly entries: ReadonlyMap<string, ConfigEntry>;
  readonly problems: readonly ConfigProblem[];
}

/** A problem at the current token; the parser goes on in the next line. */
class Malformed extends Error {}

/**
 * Comment or blank, line end, text, word or number, or a single other character. A carriage return ends a comment and is
 * blank only before a line feed: with it as the only line end, a comment would hide all the rules after it.
 */
const tokens = /([ \t]+|\r(?=\n)|#[^\r\n]*)|\n|"(?:[^"\\\n]|\\.)*"|[\w.+-]+|[\s\S]/gy;
const wholeNumber = /^\d{1,15}$/;

/**
 * Parses the part of TOML that a configuration file needs: comments, sections, and keys with a boolean, a whole number, a
 * text in double quotes or a list of such texts, which may span lines. A line that is malformed is a problem, and the
 * next one is read; never throws.
 */
export function parseToml(text: string): ParsedToml {
  return new TomlParser(text).parse();
}

class TomlParser {
  readonly #tokens: readonly string[];
  readonly #entries = new Map<string, ConfigEntry>();
  readonly #problems: ConfigProblem[] = [];
  #at = 0;
  #line = 1;
  #section = '';

  constructor(text: string) {
    this.#tokens = [...text.matchAll(tokens)].filter(([, blank]) => blank === undefined).map(([token]) => token);
  }

  parse(): ParsedToml {
    while (this.#token !== undefined) {
      if (this.#token === '\n') {
        this.#next();
        continue;
      }
      try {
        if (this.#token === '[') this.#readSection();
        else this.#readPair();
        if (this.#token !== undefined && this.#token !== '\n') throw new Malformed(`unexpected ${this.#shown}`);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        this.#problems.push({ line: this.#line, message: error.message });
        while (this.#token !== undefined && this.#token !== '\n') this.#next();
      }
    }
    return { entries: this.#entries, problems: this.#problems };
  }

  get #token(): string | undefined {
    return this.#tokens[this.#at];
  }

  get #shown(): string {
    if (this.#token === '\r') return 'a carriage return without a line feed: save the file with line ends of Unix';
    return this.#token === undefined || this.#token === '\n' ? 'end of the line' : `"${this.#token.slice(0, 40)}"`;
  }

  #next(): string | undefined {
    const token = this.#tokens[this.#at++];
    if (token === '\n') this.#line++;
    return token;
  }

  #expect(wanted: string): void {
    if (this.#token !== wanted) throw new Malformed(`"${wanted}" expected instead of ${this.#shown}`);
    this.#next();
  }

  #readSection(): void {
    this.#expect('[');
    const name = this.#readName();
    this.#expect(']');
    this.#section = `${name}.`;
  }

  #readPair(): void {
    const line = this.#line;
    const name = this.#section + this.#readName();
    this.#expect('=');
    const value = this.#readValue();
    const before = this.#entries.get(name);
    if (before !== undefined) throw new Malformed(`"${name}" is set in line ${before.line} already`);
    this.#entries.set(name, { value, line });
  }

  #readName(): string {
    const token = this.#token ?? '\n';
    if (token.startsWith('"')) return this.#readText();
    if (!/^[\w.-]+$/.test(token)) throw new Malformed(`a name expected instead of ${this.#shown}`);
    this.#next();
    return token;
  }

  #readValue(): ConfigValue {
    const token = this.#token ?? '\n';
    if (token === '[') return this.#readList();
    if (token.startsWith('"')) return this.#readText();
    if (token !== 'true' && token !== 'false' && !wholeNumber.test(token))
      throw new Malformed(
        `true, false, a whole number, a text in double quotes or a list expected instead of ${this.#shown}`,
      );
    this.#next();
    return wholeNumber.test(token) ? Number(token) : token === 'true';
  }

  #readList(): string[] {
    const list: string[] = [];
    this.#expect('[');
    for (;;) {
      this.#skipLines();
      if (this.#token === ']') break;
      list.push(this.#readText());
      this.#skipLines();
      if (this.#token !== ']') this.#expect(',');
    }
    this.#next();
    return list;
  }

  #skipLines(): void {
    while (this.#token === '\n') this.#next();
  }

  #readText(): string {
    try {
      const text: unknown = JSON.parse(this.#token ?? '');
      if (typeof text === 'string') {
        this.#next();
        return text;
      }
    } catch {
      // SyntaxError: reported below.
    }
    throw new Malformed(`a text in double quotes expected instead of ${this.#shown}`);
  }
}

/** A chunk of esbuild's splitting, not minified. */
export interface SplitChunk {
  readonly path: string;
  readonly title: string;
  /** Whether it is loaded by `import()`, or at the start. */
  readonly isEntry: boolean;
  /** Paths of the chunks it imports statically. */
  readonly imports: readonly string[];
  readonly text: string;
}

/** A part to be joined from chunks. */
export interface PlannedPart {
  /** A number; "0" is loaded at the start. */
  readonly name: string;
  readonly title: string;
  /** Code that imports the part's chunks, and exports what others use of them. */
  readonly entry: string;
  /** The code of each of its chunks by path. Imports of other parts are by their names. */
  readonly modules: ReadonlyMap<string, string>;
}

/** As esbuild prints it: `import { a, b as c } from "./chunk.js"`. */
const importStatement = /^import (?:\{([^}]*)\} from )?"\.\/([^"]+)";$/gm;
const dynamicImport = /\bimport\("\.\/([^"]+)"\)/g;
const startName = '0';
/** Smaller chunks that several parts share are in part 0: a part of their own would cost more. */
const minSharedBytes = 1500;

/**
 * Assigns chunks to parts: those that `start` imports are part 0; one that a single `import()` leads to belongs to its
 * part; what several lead to is a part of its own, or if it is small, in part 0.
 * @throws Error if a module is imported both by `import()` and, directly or not, by a start
 */
export function planParts(chunks: readonly SplitChunk[], start: readonly string[]): PlannedPart[] {
  return new Plan(chunks, start).parts();
}

class Plan {
  readonly #chunks: ReadonlyMap<string, SplitChunk>;
  readonly #start: readonly string[];
  /** The name of each chunk's part. */
  readonly #partOf = new Map<string, string>();
  readonly #titles: string[] = [];
  /** What other parts use of a part: "path name" → its name there. */
  readonly #exports = new Map<string, Map<string, string>>();

  constructor(chunks: readonly SplitChunk[], start: readonly string[]) {
    this.#chunks = new Map(chunks.map((chunk) => [chunk.path, chunk]));
    this.#start = start;
    this.#assign();
  }

  parts(): PlannedPart[] {
    const rewritten = new Map([...this.#chunks.values()].map((chunk) => [chunk.path, this.#rewrite(chunk)]));
    return this.#titles.map((title, index) => {
      const name = String(index);
      const modules = new Map([...rewritten].filter(([path]) => this.#partOf.get(path) === name));
      return { name, title, entry: this.#entry(name, modules), modules };
    });
  }

  #assign(): void {
    const starts = this.#reach(this.#start);
    this.#titles.push('start');
    for (const path of starts) this.#partOf.set(path, startName);
    const entries = [...this.#chunks.values()].filter(({ path, isEntry }) => isEntry && !this.#start.includes(path));
    const twice = entries.find(({ path }) => starts.has(path));
    if (twice !== undefined)
      throw new Error(`${twice.title} is loaded by import(), but the start imports it as well. Remove one of the two.`);
    const leadingTo = new Map<string, string[]>();
    for (const { path } of entries)
      for (const reached of this.#reach([path])) leadingTo.set(reached, [...(leadingTo.get(reached) ?? []), path]);
    for (const { path, title } of entries) this.#partOf.set(path, this.#newPart(title));
    for (const { path, title, text, imports } of this.#chunks.values()) {
      if (this.#partOf.has(path)) continue;
      const [entry = '', ...others] = leadingTo.get(path) ?? [];
      if (others.length === 0) this.#partOf.set(path, this.#partOf.get(entry) ?? '');
      // Part 0 must not import another part, which would be loaded at the start.
      else if (text.length < minSharedBytes && imports.every((next) => this.#partOf.get(next) === startName))
        this.#partOf.set(path, startName);
      else this.#partOf.set(path, this.#newPart(title));
    }
  }

  #newPart(title: string): string {
    return String(this.#titles.push(title) - 1);
  }

  #reach(from: readonly string[]): Set<string> {
    const reached = new Set(from);
    for (const path of reached) for (const next of this.#chunks.get(path)?.imports ?? []) reached.add(next);
    return reached;
  }

  #rewrite({ path, text }: SplitChunk): string {
    const own = this.#partOf.get(path);
    const toPath = (file: string): string => `${path.slice(0, path.lastIndexOf('/') + 1)}${file}`;
    let usesParts = false;
    const code = text
      .replace(importStatement, (_, names: string | undefined, file: string) => {
        const target = toPath(file);
        const part = this.#partOf.get(target);
        if (part === own) return `import ${names === undefined ? '' : `{${names}} from `}"${target}";`;
        if (names === undefined) return part === startName ? '' : `import "${part}";`;
        return `import {${names.split(',').map((each) => this.#foreign(target, each.trim()))}} from "${part}";`;
      })
      .replace(dynamicImport, (_, file: string) => {
        usesParts = true;
        // A part that is loaded while another begins would be evaluated in the middle of it.
        return `Promise.resolve().then(() => __loadPart("${this.#partOf.get(toPath(file))}"))`;
      });
    return usesParts ? `import { loadPart as __loadPart } from "host";\n${code}` : code;
  }

  /** "name" or "name as local" of another part's chunk, with the name that it has as an export of that part. */
  #foreign(path: string, item: string): string {
    const [name = '', local = name] = item.split(' as ');
    const part = this.#partOf.get(path) ?? '';
    const inPart = this.#exports.get(part) ?? new Map<string, string>();
    this.#exports.set(part, inPart);
    const short = inPart.get(`${path} ${name}`) ?? `e${inPart.size}`;
    inPart.set(`${path} ${name}`, short);
    return `${short} as ${local}`;
  }

  #entry(name: string, modules: ReadonlyMap<string, string>): string {
    const entries = name === startName ? this.#start : [...modules.keys()].filter((path) => this.#isLazy(path));
    const exported = [...(this.#exports.get(name) ?? [])].map(([key, short]) => {
      const [path = '', original = ''] = key.split(' ');
      return `export { ${original} as ${short} } from "${path}";`;
    });
    const whole = entries.map((path) => (name === startName ? `import "${path}";` : `export * from "${path}";`));
    return [...whole, ...exported].join('\n');
  }

  #isLazy(path: string): boolean {
    return this.#chunks.get(path)?.isEntry === true;
  }
}

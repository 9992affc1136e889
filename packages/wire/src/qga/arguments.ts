import { Content, isObject, type JsonObject, type JsonValue } from './json-value.ts';
import { QgaError } from './qga-error.ts';

/** The arguments of a command, each read once by its name and type; `end` refuses those that were not. */
export class Arguments {
  readonly #values: JsonObject;
  readonly #known = new Set<string>();
  readonly #path: string;

  /** @param path what stands before the names in errors: "vcpus[0]." */
  constructor(values: JsonObject, path = '') {
    this.#values = values;
    this.#path = path;
  }

  text(name: string): string {
    return this.#required(name, this.optionalText(name));
  }

  optionalText(name: string): string | undefined {
    const value = this.#take(name);
    return value === undefined || typeof value === 'string' ? value : this.#wrong(name, 'string');
  }

  integer(name: string): bigint {
    return this.#required(name, this.optionalInteger(name));
  }

  optionalInteger(name: string): bigint | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    return typeof value === 'bigint' && value <= maxInteger ? value : this.#wrong(name, 'integer');
  }

  boolean(name: string): boolean {
    return this.#required(name, this.optionalBoolean(name));
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.#take(name);
    return value === undefined || typeof value === 'boolean' ? value : this.#wrong(name, 'boolean');
  }

  /** A text in base64 whose bytes were passed on when it arrived. @throws QgaError if it is not base64 */
  content(name: string): Content {
    return this.#required(name, this.optionalContent(name));
  }

  optionalContent(name: string): Content | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!(value instanceof Content)) return this.#wrong(name, 'string');
    if (!value.isValid) throw new QgaError('Base64 data contains invalid characters');
    return value;
  }

  texts(name: string): readonly string[] {
    return this.#required(name, this.optionalTexts(name));
  }

  optionalTexts(name: string): readonly string[] | undefined {
    return this.#items(name)?.map((item, at) =>
      typeof item === 'string' ? item : this.#wrong(`${name}[${at}]`, 'string'),
    );
  }

  /** A list of objects, each read by `read`. */
  objects<T>(name: string, read: (item: Arguments) => T): readonly T[] {
    const items = this.#required(name, this.#items(name));
    return items.map((item, at) => {
      if (!isObject(item)) return this.#wrong(`${name}[${at}]`, 'object');
      const parts = new Arguments(item, `${this.#path}${name}[${at}].`);
      const value = read(parts);
      parts.end();
      return value;
    });
  }

  /** A value that may have several types; `type` is what they are called together. */
  alternate<T>(name: string, type: string, read: (value: JsonValue) => T | undefined): T | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : (read(value) ?? this.#wrong(name, type));
  }

  missing(name: string): never {
    throw new QgaError(`Parameter '${this.#path}${name}' is missing`);
  }

  /** @throws QgaError if there is one that nobody asked for */
  end(): void {
    for (const name of this.#values.keys())
      if (!this.#known.has(name)) throw new QgaError(`Parameter '${this.#path}${name}' is unexpected`);
  }

  #items(name: string): readonly JsonValue[] | undefined {
    const value = this.#take(name);
    return value === undefined || Array.isArray(value) ? value : this.#wrong(name, 'array');
  }

  #take(name: string): JsonValue | undefined {
    this.#known.add(name);
    return this.#values.get(name);
  }

  #required<T>(name: string, value: T | undefined): T {
    return value ?? this.missing(name);
  }

  #wrong(name: string, type: string): never {
    throw new QgaError(`Invalid parameter type for '${this.#path}${name}', expected: ${type}`);
  }
}

const maxInteger = 0x7fff_ffff_ffff_ffffn;

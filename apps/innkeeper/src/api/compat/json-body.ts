import type { IncomingMessage } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { bodyOf } from '../../edge/web/leave-body.ts';

/** Room for the 2 MiB of arguments that a kernel takes, which JSON can double. */
const maxBodyBytes = 4 * 1024 * 1024;

/** The fields of a request's body, by name in snake_case or camelCase. */
export class JsonBody {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /** Reads a JSON object, whatever the content type is; an empty body is an empty object. */
  static async read(request: IncomingMessage, signal: AbortSignal): Promise<JsonBody> {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBodyBytes) throw tooLong(announced);
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of bodyOf(request)) {
      signal.throwIfAborted();
      bytes += part.length;
      if (bytes > maxBodyBytes) throw tooLong();
      parts.push(part);
    }
    const text = Buffer.concat(parts).toString('utf8').trim();
    return new JsonBody(text === '' ? {} : parseObject(text));
  }

  /** `name` in camelCase. Fails with INVALID_ARGUMENT when it is not a string. */
  text(name: string, otherwise = ''): string {
    return this.#get(name, 'string') ?? otherwise;
  }

  flag(name: string, otherwise: boolean): boolean {
    return this.#get(name, 'boolean') ?? otherwise;
  }

  /** A non-negative integer. */
  count(name: string, otherwise = 0): number {
    const value = this.#get(name, 'number') ?? otherwise;
    if (!Number.isSafeInteger(value) || value < 0)
      throw new OperationError('INVALID_ARGUMENT', `${name} must be a whole number, 0 or more.`);
    return value;
  }

  texts(name: string): string[] {
    const value = this.#value(name) ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw new OperationError('INVALID_ARGUMENT', `${name} must be an array of strings.`);
    return value;
  }

  map(name: string): Record<string, string> {
    const value = this.#value(name) ?? {};
    if (
      typeof value !== 'object' ||
      Array.isArray(value) ||
      !Object.values(value).every((one) => typeof one === 'string')
    )
      throw new OperationError('INVALID_ARGUMENT', `${name} must be an object whose values are strings.`);
    return value as Record<string, string>;
  }

  #value(name: string): unknown {
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return this.#fields[name] ?? this.#fields[snake] ?? undefined;
  }

  #get(name: string, type: 'string'): string | undefined;
  #get(name: string, type: 'boolean'): boolean | undefined;
  #get(name: string, type: 'number'): number | undefined;
  #get(name: string, type: string): unknown {
    const value = this.#value(name);
    if (value !== undefined && typeof value !== type)
      throw new OperationError('INVALID_ARGUMENT', `${name} must be a ${type}.`);
    return value;
  }
}

function tooLong(bytes?: number): OperationError {
  const has =
    bytes === undefined ? `more than ${maxBodyBytes} bytes` : `${bytes} bytes; the maximum is ${maxBodyBytes}`;
  return new OperationError('INVALID_ARGUMENT', `The body has ${has}.`);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new OperationError('INVALID_ARGUMENT', 'The body is not valid JSON.', { cause: error });
  }
  throw new OperationError('INVALID_ARGUMENT', 'The body is not a JSON object.');
}

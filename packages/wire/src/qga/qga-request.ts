import { isObject, type JsonObject, type JsonValue } from './json-value.ts';
import { QgaError } from './qga-error.ts';

export interface QgaRequest {
  readonly execute: string;
  /** Empty if the request has none. */
  readonly arguments: JsonObject;
  /** To be returned as it is; undefined: the request has none. */
  readonly id: JsonValue | undefined;
}

const members: readonly string[] = ['execute', 'arguments', 'id'];

/** The id of what may be a request. */
export function idOf(value: JsonValue): JsonValue | undefined {
  return isObject(value) ? value.get('id') : undefined;
}

/** @throws QgaError if the value is not a request */
export function readRequest(value: JsonValue): QgaRequest {
  if (!isObject(value)) throw new QgaError('QMP input must be a JSON object');
  for (const name of value.keys())
    if (!members.includes(name)) throw new QgaError(`QMP input member '${name}' is unexpected`);
  const execute = value.get('execute');
  if (execute === undefined) throw new QgaError("QMP input lacks member 'execute'");
  if (typeof execute !== 'string') throw new QgaError("QMP input member 'execute' must be a string");
  const parameters = value.get('arguments');
  if (parameters !== undefined && !isObject(parameters))
    throw new QgaError("QMP input member 'arguments' must be an object");
  return { execute, arguments: parameters ?? new Map(), id: value.get('id') };
}

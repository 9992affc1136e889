import { canBeginMessage } from './agent-message/header.ts';

export type DialectName = 'native' | 'agent-message' | 'json-frames' | 'qga' | 'http';

/** Bytes after which the answer of `detectDialect` is final. */
export const detectionBytes = 8;

const httpMethods = ['GET ', 'PUT ', 'HEAD ', 'POST ', 'PATCH ', 'DELETE ', 'OPTIONS ', 'PRI '] as const;

/**
 * The dialect of a fresh connection by its first bytes; undefined while they are too few, and with `detectionBytes` or
 * more when they are of no dialect. Only for sockets, where a connection has a beginning.
 *
 * Four zero bytes: native (its opening). `{` or 0xFF: QGA. A length and then `{`: JSON frames. A length and then a
 * protobuf tag, or the magic 51 54 58 01: AgentMessage. An HTTP method: HTTP.
 */
export function detectDialect(firstBytes: Uint8Array): DialectName | undefined {
  const [first, second, third, fourth, fifth] = firstBytes;
  if (first === 0x7b || first === 0xff) return 'qga';
  if (fourth === undefined) return undefined;
  if (first === 0x51 && second === 0x54 && third === 0x58 && fourth === 0x01) return 'agent-message';
  if (first === 0 && second === 0 && third === 0 && fourth === 0) return 'native';
  if (first === 0 || (first === 1 && second === 0 && third === 0 && fourth === 0)) {
    if (fifth === undefined) return undefined;
    if (fifth === 0x7b) return 'json-frames';
    return canBeginMessage(fifth) ? 'agent-message' : undefined;
  }
  const text = String.fromCharCode(...firstBytes.subarray(0, detectionBytes));
  return httpMethods.some((method) => text.startsWith(method)) ? 'http' : undefined;
}

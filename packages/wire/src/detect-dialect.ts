import { detectAgentMessage } from './agent-message/header.ts';
import { detectHttp } from './http/detect-http.ts';
import { detectJsonFrames } from './json-frames/frame-receiver.ts';
import { detectNative } from './native/opening-bytes.ts';
import { detectQga } from './qga/detect-qga.ts';

export type DialectName = 'native' | 'agent-message' | 'json-frames' | 'qga' | 'http';

/**
 * The name of a fresh connection's dialect by its first bytes, whether it is served or not; undefined while there are
 * too few, and with `detectionBytes` or more if no dialect matches. Only for sockets, where a connection has a
 * beginning.
 *
 * Four zero bytes: native (its opening). `{` or 0xFF: QGA. A length and then `{`: JSON frames. A length and then a
 * protobuf tag, or the magic 51 54 58 01: AgentMessage. An HTTP method: HTTP.
 */
export function detectDialect(firstBytes: Uint8Array): DialectName | undefined {
  if (detectQga(firstBytes) === 'yes') return 'qga';
  if (detectNative(firstBytes) === 'yes') return 'native';
  if (detectAgentMessage(firstBytes) === 'yes') return 'agent-message';
  if (detectJsonFrames(firstBytes) === 'yes') return 'json-frames';
  return detectHttp(firstBytes) === 'yes' ? 'http' : undefined;
}

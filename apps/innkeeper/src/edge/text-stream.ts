import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { OperationError } from '@innkeeper/contract';
import { type ErrorBody, statuses } from './api-error.ts';
import { type ConnectErrorJson, errorBody } from './call-errors.ts';
import { tooLarge } from './checked-body.ts';

/** How a stream is written for people with curl and for browsers: one JSON value a line, or server-sent events. */
export type TextFormat = 'application/x-ndjson' | 'text/event-stream';

const envelopeBytes = 5;
const endFlag = 2;

/**
 * The text format that a call of a streaming method asks for: by its header Accept, with JSON as the request. Undefined for
 * any other call.
 */
export function textFormat({ methodKind }: DescMethod, header: Headers): TextFormat | undefined {
  if (methodKind === 'unary' || !/^$|^application\/(x-nd)?json\b/i.test(header.get('content-type') ?? '')) {
    return undefined;
  }
  const accepted = (header.get('accept') ?? '').toLowerCase();
  if (/\btext\/event-stream\b/.test(accepted)) return 'text/event-stream';
  return /\bapplication\/x-ndjson\b/.test(accepted) ? 'application/x-ndjson' : undefined;
}

/** A call whose body has yet to be read. */
export interface UnreadCall extends UniversalServerRequest {
  readonly body: AsyncIterable<Uint8Array>;
}

/** The same call as Connect has it: a method that takes a stream gets one message of each line of the body. */
export function connectCall(call: UnreadCall, { methodKind }: DescMethod, maxBytes: number): UnreadCall {
  const header = new Headers(call.header);
  header.set('content-type', 'application/connect+json');
  header.delete('content-length');
  // Lines and JSON have no compression of their own; the checks of the headers find this one in its stream's name.
  const encoding = header.get('content-encoding');
  if (encoding !== null) header.set('connect-content-encoding', encoding);
  header.delete('content-encoding');
  const takesLines = methodKind !== 'server_streaming' && /x-ndjson/i.test(call.header.get('content-type') ?? '');
  const { body } = call;
  // An HTTP/1.1 client reads the answer while it still sends, or sends all of it first; either works.
  return {
    ...call,
    httpVersion: '2.0',
    header,
    body: enveloped(takesLines ? lines(body, maxBytes) : whole(body, maxBytes)),
  };
}

async function* enveloped(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) {
    const head = Buffer.alloc(envelopeBytes);
    head.writeUInt32BE(message.length, 1);
    yield Buffer.concat([head, message]);
  }
}

/** No body at all is a request without fields. */
async function* whole(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  yield length === 0 ? Buffer.from('{}') : Buffer.concat(chunks, length);
}

async function* lines(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0);
  for await (const chunk of body) {
    held = Buffer.concat([held, chunk]);
    for (let end = held.indexOf(10); end >= 0; end = held.indexOf(10)) {
      if (!isBlank(held.subarray(0, end))) yield held.subarray(0, end);
      held = held.subarray(end + 1);
    }
    if (held.length > maxBytes) throw tooLarge(maxBytes);
  }
  if (!isBlank(held)) yield held;
}

function isBlank(line: Buffer): boolean {
  return line.length === 0 || line.toString('latin1').trim() === '';
}

/**
 * Writes the answer of a stream as text. One that fails before its first message is answered like a unary call; one that
 * fails later ends with the error, so that a client can tell it from one that ended.
 */
export async function answerText(
  answered: UniversalServerResponse,
  response: ServerResponse,
  format: TextFormat,
): Promise<void> {
  const isEvents = format === 'text/event-stream';
  const write = async (text: string): Promise<void> => {
    if (!response.headersSent) {
      response.writeHead(200, { 'content-type': `${format}; charset=utf-8`, 'cache-control': 'no-store' });
    }
    if (response.destroyed) throw new OperationError('CANCELED', 'The caller left.');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  };
  for await (const piece of streamPieces(answered)) {
    if (piece.type === 'message') await write(isEvents ? `data: ${piece.json}\n\n` : `${piece.json}\n`);
    else if (piece.error === undefined) await write(isEvents ? 'event: end\ndata: {}\n\n' : '');
    else if (response.headersSent) {
      const json = JSON.stringify({ error: piece.error });
      await write(isEvents ? `event: error\ndata: ${json}\n\n` : `${json}\n`);
    } else {
      response.writeHead(statuses[piece.error.code], {
        'content-type': 'application/json',
        'x-innkeeper-reason': piece.error.reason,
      });
      response.write(JSON.stringify(piece.error));
    }
  }
  response.end();
}

type Piece =
  | { readonly type: 'message'; readonly json: string }
  | { readonly type: 'end'; readonly error: ErrorBody | undefined };

/** The messages of an answer in Connect's JSON, and its end. */
async function* streamPieces({ body }: UniversalServerResponse): AsyncGenerator<Piece> {
  let held = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= envelopeBytes) {
      const end = envelopeBytes + held.readUInt32BE(1);
      if (held.length < end) break;
      const json = held.toString('utf8', envelopeBytes, end);
      const isEnd = ((held[0] ?? 0) & endFlag) !== 0;
      held = held.subarray(end);
      yield isEnd ? { type: 'end', error: endError(json) } : { type: 'message', json };
    }
  }
}

/** The error of Connect's last envelope of a stream; undefined when it ended well. */
function endError(json: string): ErrorBody | undefined {
  const { error, metadata = {} } = JSON.parse(json) as {
    readonly error?: ConnectErrorJson;
    readonly metadata?: Readonly<Record<string, readonly string[]>>;
  };
  if (error === undefined) return undefined;
  const values = new Map(Object.entries(metadata).map(([name, [value]]) => [name.toLowerCase(), value]));
  return errorBody(error, (name) => values.get(name));
}

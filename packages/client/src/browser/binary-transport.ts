import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { Origin } from './http.ts';
import { readEnvelopes } from './read-envelopes.ts';

/**
 * The Connect protocol over fetch with binary messages: unary calls and server streams, which is what browsers support.
 * connect-web does the same, but is too large: with it the console's first load is 202.4 kB, with this 189.3 kB, and
 * the limit is 190 kB (tools/build-web). Most of the difference is protobuf's JSON support, which it always includes.
 */
export function createBinaryTransport({ csrfToken, baseUrl }: Origin): Transport {
  const post = (
    method: DescMethodUnary | DescMethodStreaming,
    contentType: string,
    body: Uint8Array<ArrayBuffer>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
  ): Promise<Response> =>
    fetch(`${baseUrl}/${method.parent.typeName}/${method.name}`, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(new Headers(header)),
        'content-type': contentType,
        'connect-protocol-version': '1',
        'x-innkeeper-csrf': csrfToken(),
        ...(timeoutMs === undefined ? {} : { 'connect-timeout-ms': `${timeoutMs}` }),
      },
      body,
      signal: signal ?? null,
    });
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const bytes = toBinary(method.input, create(method.input, input));
      const response = await post(method, 'application/proto', bytes, signal, timeoutMs, header);
      if (!response.ok) throw await errorOf(response);
      const message = fromBinary(method.output, new Uint8Array(await response.arrayBuffer()));
      return { ...common(response), service: method.parent, method, stream: false, message };
    },
    async stream(method, signal, timeoutMs, header, input) {
      const first = await firstOf(input);
      const bytes = toBinary(method.input, create(method.input, first));
      const envelope = new Uint8Array(bytes.length + 5);
      new DataView(envelope.buffer).setUint32(1, bytes.length);
      envelope.set(bytes, 5);
      const response = await post(method, 'application/connect+proto', envelope, signal, timeoutMs, header);
      if (!response.ok || response.body === null) throw await errorOf(response);
      const message = messages(method.output, response.body);
      return { ...common(response), service: method.parent, method, stream: true, message };
    },
  };
}

/** The fields that responses of both kinds have. Trailers of streams are in their last message. */
function common({ headers }: Response): { readonly header: Headers; readonly trailer: Headers } {
  return { header: headers, trailer: new Headers() };
}

/** Reads the messages of a server stream. Throws the error in its last message, if any. */
async function* messages<O extends DescMessage>(
  output: O,
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<MessageShape<O>> {
  for await (const { last, data } of readEnvelopes(body)) {
    if (!last) yield fromBinary(output, data);
    else {
      const { error, metadata } = JSON.parse(new TextDecoder().decode(data) || '{}') as EndOfStream;
      if (error !== undefined) throw toConnectError(error, headersOf(metadata ?? {}));
      return;
    }
  }
  throw new ConnectError('The connection ended in the middle of the response.', Code.Unavailable);
}

interface EndOfStream {
  readonly error?: WireError;
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
}

interface WireError {
  readonly code?: string;
  readonly message?: string;
}

async function errorOf(response: Response): Promise<ConnectError> {
  const text = await response.text();
  try {
    return toConnectError(JSON.parse(text) as WireError, response.headers);
  } catch {
    // Not JSON: the response of a proxy, or of a server that is not Innkeeper.
    return toConnectError({ message: `The daemon responded with HTTP status ${response.status}.` }, response.headers);
  }
}

/** The protocol writes codes in snake_case; the enum's names are in PascalCase. */
function toConnectError({ code = 'unknown', message = '' }: WireError, metadata: Headers): ConnectError {
  const name = code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const number = Object.entries(Code).find(([key]) => key === name)?.[1];
  return new ConnectError(message, typeof number === 'number' ? number : Code.Unknown, metadata);
}

function headersOf(metadata: Readonly<Record<string, readonly string[]>>): Headers {
  return new Headers(
    Object.entries(metadata).flatMap(([name, values]) => values.map((value) => [name, value] as [string, string])),
  );
}

async function firstOf<T>(input: AsyncIterable<T>): Promise<T> {
  for await (const message of input) return message;
  throw new ConnectError('The call has no request message.', Code.InvalidArgument);
}

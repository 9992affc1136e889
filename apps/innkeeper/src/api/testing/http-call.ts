import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Record<string, string | undefined>;
  readonly body: Buffer;
}

/** Makes an HTTP request over a unix socket and reads the whole response including trailers. */
export async function httpCall(
  socketPath: string,
  method: string,
  path: string,
  options: { readonly body?: Uint8Array | string; readonly headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  const call = request({ socketPath, method, path, headers: { te: 'trailers', ...options.headers }, agent: false });
  const answered = once(call, 'response');
  // A server that answers before it has read the body ends the rest; `answered` rejects only without an answer.
  call.on('error', () => undefined);
  call.end(options.body);
  const [response] = (await answered) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    body: Buffer.concat(chunks),
  };
}

import type { ServerResponse } from 'node:http';
import { constants, Http2ServerResponse } from 'node:http2';
import type { AnyRequest } from './request-facts.ts';

/**
 * Ends an answer that broke after its head was sent. A client that reads trailers finds the reason in
 * `x-innkeeper-error`. For any other the connection breaks, or the stream of HTTP/2: to a browser or curl, an answer that
 * ends in order is a whole file.
 */
export function endBroken(request: AnyRequest, response: ServerResponse | Http2ServerResponse, error: string): void {
  if (readsTrailers(request)) {
    response.addTrailers({ 'x-innkeeper-error': error });
    response.end();
    return;
  }
  if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** By `TE: trailers`, which browsers send too and do not mean: no page sees a trailer. */
function readsTrailers({ headers }: AnyRequest): boolean {
  const accepted = String(headers['te'] ?? '')
    .toLowerCase()
    .split(/\s*,\s*/);
  return accepted.includes('trailers') && headers['sec-fetch-mode'] === undefined;
}

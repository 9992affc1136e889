import type { DialectCall } from '../dialect-call.ts';

/** A response. */
export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Methods of the path, for 405. */
  readonly allow?: string;
}

/** A request over HTTP as a call, whose answers are folded into its response. */
export type HttpCall = DialectCall<HttpReply>;

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** A response of JSON. */
export function jsonReply(status: number, value: Readonly<Record<string, unknown>>): HttpReply {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** The bytes of a response. */
export function printHttpReply(
  { status, contentType, body, allow }: HttpReply,
  options: { readonly keepsOpen: boolean; readonly hasBody: boolean },
): Uint8Array {
  const encoder = new TextEncoder();
  const { length } = encoder.encode(body);
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Unknown'}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${length}`,
    'Cache-Control: no-store',
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    ...(options.keepsOpen ? [] : ['Connection: close']),
  ].join('\r\n');
  return encoder.encode(`${head}\r\n\r\n${options.hasBody ? body : ''}`);
}

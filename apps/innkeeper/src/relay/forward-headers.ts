import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** What goes along to the node. Whatever else a client sends stays here, cookies, tokens and the caller header first of all. */
const toNode: readonly string[] = ['accept', 'content-length', 'content-type', 'x-innkeeper-sha256'];

/** Trailers that go along, either way. */
const ourTrailer = /^x-innkeeper-(sha256|error|files|skipped)$/;

/** Of one connection, and not of the answer; and what only the control plane gives to browsers. */
const notFromNode: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'set-cookie'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'date'],
];

/** Of a client's request, what the node may see. `hasBody`: one of unknown length can have trailers. */
export function headersToNode(headers: IncomingHttpHeaders, hasBody: boolean): OutgoingHttpHeaders {
  const kept = Object.fromEntries(
    toNode.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
  // The body of a GET is not sent along: with its length the node would take the next request, of anybody, for it.
  if (!hasBody) delete kept['content-length'];
  // We read trailers, whether the client does or not.
  const all = { ...kept, te: 'trailers' };
  return hasBody && headers['content-length'] === undefined ? { ...all, ...trailerOf(headers) } : all;
}

/** Of the node's answer, what the client may see. */
export function headersFromNode(headers: IncomingHttpHeaders, hasBody: boolean): OutgoingHttpHeaders {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !notFromNode.includes(name)));
  return hasBody && headers['content-length'] === undefined ? { ...kept, ...trailerOf(headers) } : kept;
}

/** The header that announces trailers, when there are any that both ends know. */
function trailerOf({ trailer }: IncomingHttpHeaders): { readonly trailer?: string } {
  const known = (trailer ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .filter((name) => ourTrailer.test(name));
  return known.length === 0 ? {} : { trailer: known.join(', ') };
}

/** Trailers that both ends know. */
export function knownTrailers(trailers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const known = Object.entries(trailers).filter(([name]) => ourTrailer.test(name));
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** What goes along to the node. Whatever else a client sends stays here, cookies, tokens and the caller header first of all. */
const toNode: readonly string[] = ['accept', 'content-length', 'content-type', 'trailer', 'x-innkeeper-sha256'];

/** Of one connection, and not of the answer; and what only the control plane gives to browsers. */
const notFromNode: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'set-cookie'],
  ...['transfer-encoding', 'upgrade', 'date'],
];

/** Of a client's request, what the node may see. */
export function headersToNode(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(toNode.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/** Of the node's answer, what the client may see. */
export function headersFromNode(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !notFromNode.includes(name)));
}

/** Trailers that both ends know. */
export function knownTrailers(trailers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const known = Object.entries(trailers).filter(([name]) => name.startsWith('x-innkeeper-'));
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

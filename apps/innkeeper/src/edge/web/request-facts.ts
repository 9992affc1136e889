import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { OperationError } from '@innkeeper/contract';
import type { Credentials } from '../../access/authenticate.ts';
import { callerHeader } from '../../access/forwarded-caller.ts';
import type { PortAccess } from '../ports/port-address.ts';
import { isHostAllowed, type ListenerInfo } from './listener-info.ts';

/** What of a request decides whether it is heard: where it came in, and what it says of itself. */
export interface RequestFacts {
  readonly listener: ListenerInfo;
  readonly credentials: Credentials;
  readonly host: string | undefined;
  /** Of the page that made it, when a browser did. */
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly csrfToken: string | undefined;
  readonly userAgent: string;
  /** It asks for a WebSocket. */
  readonly isUpgrade: boolean;
  /** The request is for a page of a guest. */
  readonly port?: PortAccess;
  /** To be called once the caller has authenticated: their connection has precedence over anonymous ones. */
  readonly recognize?: () => void;
}

/** What of a request does not say who asks. A control plane that names nobody asks for nobody. */
const stranger: Credentials = { isLocal: false, address: '', authorization: undefined, cookie: undefined };

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

export function requestFacts(request: AnyRequest, listener: ListenerInfo, isUpgrade: boolean): RequestFacts {
  const { headers } = request;
  const address = (request.socket?.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return {
    listener,
    credentials:
      listener.kind === 'control'
        ? { ...stranger, forwarded: single(headers, callerHeader) }
        : {
            isLocal: listener.kind === 'unix',
            address,
            authorization: headers.authorization,
            // No browser has a session with guests' port.
            cookie: listener.kind === 'guest' ? undefined : headers.cookie,
          },
    host: headers.host ?? single(headers, ':authority'),
    origin: single(headers, 'origin'),
    fetchSite: single(headers, 'sec-fetch-site'),
    csrfToken: single(headers, 'x-innkeeper-csrf'),
    userAgent: headers['user-agent'] ?? '',
    isUpgrade,
  };
}

/** The same with the password of Basic authentication as its token. The user name does not matter. */
export function withBasicToken(facts: RequestFacts): RequestFacts {
  const { credentials } = facts;
  const [, encoded] = /^basic +([A-Za-z0-9+/=_-]{1,400})$/i.exec(credentials.authorization ?? '') ?? [];
  if (encoded === undefined) return facts;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const token = text.slice(text.indexOf(':') + 1);
  return { ...facts, credentials: { ...credentials, authorization: `Bearer ${token}` } };
}

/** Throws HOST_REFUSED, or ORIGIN_REFUSED when a page of another origin asks for more than a page to look at. */
export function checkOrigin(facts: RequestFacts, method: string | undefined): void {
  const { listener, host, origin, fetchSite, isUpgrade, port } = facts;
  if (port?.ownHost === undefined && !isHostAllowed(listener, host)) {
    throw new OperationError(
      'HOST_REFUSED',
      `This daemon does not accept the host name "${(host ?? '').slice(0, 80)}".`,
    );
  }
  // A guest's page on this origin is of the origin "null"; its address has a secret that no other page knows.
  if (port?.isGranted === true && port.ownHost === undefined) return;
  const isReading = !isUpgrade && (method === 'GET' || method === 'HEAD');
  if (origin !== undefined && !isReading && !isOwnOrigin(facts, origin)) {
    throw new OperationError('ORIGIN_REFUSED', `A page of "${origin.slice(0, 80)}" may not call this daemon.`);
  }
  if (!isReading && (fetchSite === 'cross-site' || fetchSite === 'same-site')) {
    throw new OperationError('ORIGIN_REFUSED', 'A page of another origin may not call this daemon.');
  }
}

/** Whether the page that made it is this daemon's own. A proxy before a cleartext port may have added TLS. */
function isOwnOrigin({ listener, host }: RequestFacts, origin: string): boolean {
  const own = (host ?? '').toLowerCase();
  return origin === `https://${own}` || (!listener.isSecure && origin === `http://${own}`);
}

/** Whether the browser has a secure connection, be it to a proxy: then its cookies are for such connections alone. */
export function isSecurePage({ listener, origin }: RequestFacts): boolean {
  return listener.isSecure || origin?.startsWith('https://') === true;
}

function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

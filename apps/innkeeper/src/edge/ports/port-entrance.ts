import { sessionCookie } from '../../access/authenticate.ts';
import type { AnyRequest, RequestFacts } from '../web/request-facts.ts';
import { enterPath, type PortAddress, portOfHost, portOfPath } from './port-address.ts';
import type { PortGrants } from './port-grants.ts';

/** Recognizes requests for pages of guests. One with a grant gets the credentials of the session that opened the port. */
export function withPort(request: AnyRequest, facts: RequestFacts, grants: PortGrants): RequestFacts {
  const { listener, credentials, host } = facts;
  if (listener.kind === 'guest') return facts;
  const { url, headers } = request;
  const { portsDomain } = listener;
  const address =
    (portsDomain === undefined ? undefined : portOfHost({ url, host, cookie: headers.cookie }, portsDomain.name)) ??
    portOfPath(url);
  if (address === undefined) return facts;
  if (address.grant === undefined) {
    // The console's cookie never counts on a guest's origin.
    const own = address.ownHost === undefined ? credentials : { ...credentials, cookie: undefined };
    return { ...facts, port: { ...address, isGranted: false }, credentials: own };
  }
  const cookie = isForeignPart(request, address) ? undefined : grants.cookieOf(address.grant, address);
  if (cookie === undefined && address.ownHost === undefined) {
    // An old address: a user who is logged in gets another one.
    const prefix = address.prefix.slice(0, -`/~${address.grant}`.length);
    return { ...facts, port: { ...address, prefix, grant: undefined, isGranted: false } };
  }
  return {
    ...facts,
    port: { ...address, isGranted: cookie !== undefined },
    credentials: { ...credentials, authorization: undefined, cookie },
  };
}

/** On an origin of its own, the pages of other guests are of the same site and send its cookie along. */
function isForeignPart({ headers }: AnyRequest, { ownHost }: PortAddress): boolean {
  const site = headers['sec-fetch-site'];
  return (
    ownHost !== undefined && (site === 'same-site' || site === 'cross-site') && headers['sec-fetch-mode'] !== 'navigate'
  );
}

/** The address at which the user of this session sees a port; undefined without a session. */
export function grantedAddress(facts: RequestFacts, port: PortAddress, grants: PortGrants): string | undefined {
  const cookie = sessionOf(facts.credentials.cookie);
  if (cookie === undefined) return undefined;
  const grant = grants.create({ vm: port.vm, port: port.port, cookie });
  const { portsDomain, isSecure } = facts.listener;
  const isName = /^[a-z0-9-]{1,56}$/.test(port.vm);
  if (portsDomain === undefined || !isName) return `${port.prefix}/~${grant}${port.rest}`;
  const scheme = portsDomain.scheme ?? (isSecure ? 'https' : 'http');
  const suffix = portsDomain.port ?? /:\d{1,5}$/.exec(facts.host ?? '')?.[0] ?? '';
  return `${scheme}://${port.port}--${port.vm}.${portsDomain.name}${suffix}${enterPath}${grant}${port.rest}`;
}

function sessionOf(header: string | undefined): string | undefined {
  return (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${sessionCookie}=`));
}

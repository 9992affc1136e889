import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { grantCookie, type PortAddress } from './port-address.ts';

/** The guest's cookies on the console's origin have this before their names, so that no other cookie is taken for one. */
const cookiePrefix = 'ik-';
const maxCookies = 20;
const maxCookieChars = 4096;

const hopByHop = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
];
/** What a browser sends for the console, or says of where the guest's page lies. */
const notToGuest = new Set([...hopByHop, 'host', 'cookie', 'referer', 'origin', 'forwarded', 'expect']);
/** What would reach beyond the guest's own page, or pretend to come from the daemon. */
const notFromGuest = new Set([
  ...hopByHop,
  ...['set-cookie', 'location', 'clear-site-data', 'strict-transport-security', 'public-key-pins', 'alt-svc'],
  ...['service-worker-allowed', 'report-to', 'reporting-endpoints', 'nel', 'origin-agent-cluster', 'expect-ct'],
]);

/**
 * A page on the console's origin is nobody's: without `allow-same-origin` it can neither read the console's pages, storage
 * and cookies nor call its API.
 */
const sandboxPolicy =
  'sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads allow-pointer-lock allow-presentation';

/** Headers of the console's own answers that would keep a guest's page from working, and are not for it. */
export const notForPorts = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'x-content-type-options',
  'x-frame-options',
];

/** Of a client's request, what the program in the guest sees. */
export function headersToGuest(
  headers: IncomingHttpHeaders,
  address: PortAddress,
  { isSecure, host }: { readonly isSecure: boolean; readonly host: string },
): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    const isOurs = notToGuest.has(name) || name.startsWith(':') || /^(x-)?innkeeper-/.test(name) || isForwarded(name);
    // With a token, Authorization is the caller's; with a grant, it is for the guest.
    if (!isOurs && value !== undefined && (name !== 'authorization' || address.grant !== undefined)) kept[name] = value;
  }
  const cookie = guestCookies(headers.cookie ?? '', address);
  const own = `localhost:${address.port}`;
  return {
    ...kept,
    host: own,
    // The page's own requests come from nowhere, or from a name that the program does not know.
    ...(headers.origin === undefined ? {} : { origin: `http://${own}` }),
    ...(cookie === '' ? {} : { cookie }),
    'x-forwarded-host': host,
    'x-forwarded-proto': isSecure ? 'https' : 'http',
    ...(address.prefix === '' ? {} : { 'x-forwarded-prefix': address.prefix }),
  };
}

/** Of a program's answer, what the browser sees. */
export function headersFromGuest(headers: IncomingHttpHeaders, address: PortAddress): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers))
    if (!notFromGuest.has(name) && !name.startsWith('x-innkeeper-') && value !== undefined) kept[name] = value;
  const cookies = (headers['set-cookie'] ?? []).slice(0, maxCookies).flatMap((each) => confinedCookie(each, address));
  return {
    ...kept,
    ...(headers.location === undefined ? {} : { location: ownLocation(headers.location, address) }),
    ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }),
    ...(address.ownHost === undefined ? isolation(headers) : {}),
  };
}

/** For a page on the console's origin. */
function isolation(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const theirs = headers['content-security-policy'];
  return {
    // All policies of an answer apply.
    'content-security-policy': theirs === undefined ? sandboxPolicy : [theirs, sandboxPolicy].join(', '),
    'cross-origin-resource-policy': 'cross-origin',
    'cross-origin-opener-policy': 'unsafe-none',
    'referrer-policy': 'no-referrer',
  };
}

/** A page whose origin is "null" needs these for its own requests. Only who knows the grant can make them. */
export function corsHeaders(headers: IncomingHttpHeaders, address: PortAddress): OutgoingHttpHeaders {
  if (headers.origin !== 'null' || address.grant === undefined || address.ownHost !== undefined) return {};
  return {
    'access-control-allow-origin': 'null',
    'access-control-allow-credentials': 'true',
    vary: 'origin',
  };
}

function isForwarded(name: string): boolean {
  return name.startsWith('x-forwarded-') || name === 'x-real-ip' || name.startsWith('sec-fetch-');
}

function guestCookies(header: string, { ownHost }: PortAddress): string {
  const parts = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const theirs =
    ownHost === undefined
      ? parts.flatMap((part) => (part.startsWith(cookiePrefix) ? [part.slice(cookiePrefix.length)] : []))
      : parts;
  // Also below the prefix: a guest's program need not tell our names apart from its own.
  return theirs.filter((part) => !isGrantCookie(part)).join('; ');
}

function isGrantCookie(part: string): boolean {
  return part.replace(/^__Host-/i, '').startsWith(`${grantCookie}=`);
}

/** A cookie of the guest for its own pages alone; none if it is too long or would replace the one of the grant. */
function confinedCookie(text: string, { prefix, ownHost }: PortAddress): string[] {
  const [pair = '', ...attributes] = text.split(';').map((part) => part.trim());
  if (text.length > maxCookieChars || !pair.includes('=')) return [];
  const kept = attributes.filter((each) => /^(expires|max-age|secure|httponly)(=|$)/i.test(each));
  if (ownHost === undefined) return [[`${cookiePrefix}${pair}`, ...kept, `Path=${prefix}`, 'SameSite=Lax'].join('; ')];
  if (isGrantCookie(pair)) return [];
  const others = attributes.filter((each) => /^(path|samesite|partitioned|priority)(=|$)/i.test(each));
  return [[pair, ...kept, ...others].join('; ')];
}

/** A redirect within the program stays below its address. */
function ownLocation(location: string, { prefix, port }: PortAddress): string {
  const path = location.replace(
    new RegExp(`^https?://(?:localhost|127\\.0\\.0\\.1|\\[::1\\]):${port}(?=/|$)`, 'i'),
    '',
  );
  if (path === '') return `${prefix}/`;
  return path.startsWith('/') && !path.startsWith('//') ? `${prefix}${path}` : path;
}

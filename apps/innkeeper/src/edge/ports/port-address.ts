/** A request for a page of a program in a guest. */
export interface PortAddress {
  /** Id or name. */
  readonly vm: string;
  readonly port: string;
  /** The path and query for the program: begins with a slash. */
  readonly rest: string;
  /** What stands before `rest` in the browser's address; empty on an origin of its own. */
  readonly prefix: string;
  /** Its secret, if the address or cookie has one. */
  readonly grant: string | undefined;
  /** Its host name, such as `3000--web.ports.example.com`; undefined on the console's origin. */
  readonly ownHost: string | undefined;
}

/** A request for a page, and whether it comes with the secret of one. */
export interface PortAccess extends PortAddress {
  readonly isGranted: boolean;
}

const pathForm = /^\/v1\/vms\/([^/?#]+)\/ports\/(\d{1,5})(?:\/~([\w-]{43}))?(\/[^#]*|$)/;
/** A label: a port and the VM's name or id. */
const hostForm = /^(\d{1,5})--([a-z0-9-]{1,56})$/;
/** On an origin of its own, the address that sets the cookie with the grant. */
export const enterPath = '/.innkeeper-enter/';
export const grantCookie = 'innkeeper_port';

/** Reads the address of a port from the path, "/v1/vms/{vm}/ports/{port}/~{grant}/…". */
export function portOfPath(url: string | undefined): PortAddress | undefined {
  const [, encoded = '', port = '', grant, rest = ''] = pathForm.exec(url ?? '') ?? [];
  if (port === '') return undefined;
  const vm = decoded(encoded);
  if (vm === undefined) return undefined;
  const prefix = `/v1/vms/${encoded}/ports/${port}${grant === undefined ? '' : `/~${grant}`}`;
  return { vm, port, grant, prefix, rest: rest === '' ? '/' : rest, ownHost: undefined };
}

/** Reads the address of a port from the host name, below the domain for ports. */
export function portOfHost(
  {
    url = '/',
    host = '',
    cookie = '',
  }: { url?: string | undefined; host?: string | undefined; cookie?: string | undefined },
  domain: string,
): PortAddress | undefined {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '');
  if (!name.endsWith(`.${domain}`)) return undefined;
  const [, port = '', vm = ''] = hostForm.exec(name.slice(0, -domain.length - 1)) ?? [];
  if (port === '') return undefined;
  const [, entering] = url.startsWith(enterPath)
    ? (/^([\w-]{43})(?:\/|$)/.exec(url.slice(enterPath.length)) ?? [])
    : [];
  const grant = entering ?? new RegExp(`(?:^|; *)(?:__Host-)?${grantCookie}=([\\w-]{43})(?:;|$)`).exec(cookie)?.[1];
  return { vm, port, grant, prefix: '', rest: url.startsWith('/') ? url : '/', ownHost: host };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A wrong escape names no VM.
    return undefined;
  }
}

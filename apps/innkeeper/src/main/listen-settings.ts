import { isIP } from 'node:net';
import { isLoopbackAddress, type PortsDomain } from '../edge/web/listener-info.ts';

/** Where the daemon listens on TCP, and how. */
export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  /** The port was named; otherwise the next free one does as well. */
  readonly isPortFixed: boolean;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | 'self-signed' | undefined;
  /** Further names that calls may give as the host, in lower case. */
  readonly names: readonly string[];
  /** Below it, pages of guests have origins of their own. */
  readonly portsDomain?: PortsDomain | undefined;
}

export interface ListenOptions {
  readonly listen?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-self-signed'?: boolean | undefined;
  readonly 'insecure-cleartext'?: boolean | undefined;
  readonly name?: readonly string[] | undefined;
  readonly 'ports-domain'?: string | undefined;
}

const defaultHost = '127.0.0.1';
const defaultPort = 8080;

/** Reads the options about listening; undefined for "none". Throws an Error for the user if they conflict. */
export function listenSettings(options: ListenOptions): ListenSettings | undefined {
  const { listen, 'tls-cert': certPath, 'tls-key': keyPath, name = [] } = options;
  if ((certPath === undefined) !== (keyPath === undefined)) throw new Error('--tls-cert and --tls-key go together.');
  if (certPath !== undefined && options['tls-self-signed']) throw new Error('Give --tls-cert or --tls-self-signed.');
  if (listen === 'none') return undefined;
  const { host, port } = listen === undefined ? { host: defaultHost, port: defaultPort } : parseAddress(listen);
  const given = certPath !== undefined && keyPath !== undefined ? { certPath, keyPath } : undefined;
  const tls = options['tls-self-signed'] ? 'self-signed' : given;
  if (tls === undefined && !isLoopbackHost(host) && !options['insecure-cleartext']) {
    throw new Error(
      `--listen ${listen} can be reached from other machines, which would send passwords in cleartext: give --tls-cert and --tls-key, or --tls-self-signed; behind a proxy that terminates TLS, --insecure-cleartext.`,
    );
  }
  const portsDomain =
    options['ports-domain'] === undefined ? {} : { portsDomain: parsePortsDomain(options['ports-domain']) };
  const names = name.map((text) => text.toLowerCase());
  return { host, port, isPortFixed: listen !== undefined, tls, names, ...portsDomain };
}

/** "ports.example.com", or with the scheme and port that browsers see: "https://ports.example.com:8443". */
function parsePortsDomain(text: string): PortsDomain {
  const [, scheme, name = '', port] =
    /^(?:(https?):\/\/)?((?:[a-z0-9-]+\.)*[a-z0-9-]+)(:\d{1,5})?\/?$/i.exec(text) ?? [];
  if (name === '') throw new Error(`--ports-domain must be a domain such as ports.example.com, not "${text}".`);
  const seen = scheme === undefined ? undefined : scheme.toLowerCase() === 'https' ? 'https' : 'http';
  // With a scheme, the address is complete.
  return { name: name.toLowerCase(), scheme: seen, port: port ?? (seen === undefined ? undefined : '') };
}

/** Whether only this machine can reach what listens there. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

/** "HOST:PORT", with brackets around IPv6. Port 0 is any that is free. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const isHost = match?.[1] === undefined ? /^[\w.-]+$/.test(host) : isIP(host) === 6;
  if (match === null || !isHost || port > 65_535)
    throw new Error(`--listen must be HOST:PORT or "none", not "${text}".`);
  return { host, port };
}

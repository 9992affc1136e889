import { isIP } from 'node:net';
import { isLoopbackAddress } from '../edge/web/listener-info.ts';

/** Where the daemon listens on TCP, and how. */
export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  /** The port was named; otherwise the next free one does as well. */
  readonly isPortFixed: boolean;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | 'self-signed' | undefined;
  /** Further names that calls may give as the host, in lower case. */
  readonly names: readonly string[];
}

export interface ListenOptions {
  readonly listen?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-self-signed'?: boolean | undefined;
  readonly 'insecure-cleartext'?: boolean | undefined;
  readonly name?: readonly string[] | undefined;
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
  return { host, port, isPortFixed: listen !== undefined, tls, names: name.map((text) => text.toLowerCase()) };
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

import type { TunnelTarget } from '@innkeeper/client';
import { CliError } from '../cli-error.ts';

/** A TCP port, or the absolute path of a unix socket. */
export function parseTarget(text: string, address?: string | undefined): TunnelTarget {
  if (text.startsWith('/')) {
    if (address !== undefined) throw new CliError('A unix socket has no address.');
    return { unix: text };
  }
  return { port: parsePort(text), ...(address === undefined ? {} : { address }) };
}

/** 1 to 65535. */
export function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new CliError(`"${text}" is neither a TCP port (1 to 65535) nor the path of a socket.`);
  return port;
}

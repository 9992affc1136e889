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

/** A port of this machine, and where in the guest its connections lead. */
export interface Forward {
  /** 0: a free one. */
  readonly localPort: number;
  readonly target: TunnelTarget;
}

/** `8080`, `8080:80`, `0:80` or `8080:/path`. */
export function parseForward(text: string): Forward {
  const [, local = '', target] = /^(\d+)(?::(.+))?$/.exec(text) ?? [];
  if (local === '') throw new CliError(`"${text}" is not a forward: use LOCAL, LOCAL:PORT or LOCAL:/path of a socket.`);
  if (local === '0' && target !== undefined) return { localPort: 0, target: parseTarget(target) };
  const localPort = parsePort(local);
  return { localPort, target: target === undefined ? { port: localPort } : parseTarget(target) };
}

/** 1 to 65535. */
export function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new CliError(`"${text}" is neither a TCP port (1 to 65535) nor the path of a socket.`);
  return port;
}

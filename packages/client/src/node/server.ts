import { Agent, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { OperationError } from '@innkeeper/contract/errors';
import type { ClientOptions } from 'ws';

/** A local daemon, by its unix socket. Anyone who can open the socket is an administrator. */
export interface SocketAddress {
  readonly socketPath: string;
}

/** A remote daemon, by its address and a token. */
export interface NetworkAddress {
  /** "https://host:8080", without a path. */
  readonly url: string;
  readonly token: string;
  /** Additional CA certificates to trust, in PEM. */
  readonly ca?: string | undefined;
}

export type ServerAddress = SocketAddress | NetworkAddress;

/** Connection settings of a daemon, for calls, HTTP and WebSockets. */
export interface Server {
  /** Socket path or origin, for messages. */
  readonly name: string;
  readonly isSecure: boolean;
  readonly transport: Transport;
  /** For node:http and node:https. */
  readonly request: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
  webSocketUrl(path: string): string;
  /** For ws, along with the headers. */
  readonly webSocketOptions: Pick<ClientOptions, 'createConnection' | 'ca'>;
}

/** @throws OperationError INVALID_ARGUMENT for an invalid address. */
export function serverOf(address: ServerAddress): Server {
  return 'socketPath' in address ? socketServer(address) : networkServer(address);
}

function socketServer({ socketPath }: SocketAddress): Server {
  return {
    name: socketPath,
    isSecure: false,
    request: { socketPath },
    headers: {},
    transport: createConnectTransport({
      baseUrl: 'http://innkeeper',
      httpVersion: '1.1',
      // One connection per call: a kept one may belong to a daemon that has ended in the meantime.
      nodeOptions: { socketPath, agent: new Agent({ keepAlive: false }) },
    }),
    webSocketUrl: (path) => `ws://innkeeper${path}`,
    // Not a ws+unix address, which cannot express a path with spaces or colons.
    webSocketOptions: { createConnection: () => connect(socketPath) },
  };
}

function networkServer({ url, token, ca }: NetworkAddress): Server {
  const { protocol, hostname, port, origin, pathname } = URL.parse(url) ?? {};
  if (hostname === undefined || !/^https?:$/.test(protocol ?? '') || pathname !== '/')
    throw new OperationError('INVALID_ARGUMENT', `"${url.slice(0, 200)}" is not an address such as https://host:8080.`);
  const headers = { authorization: `Bearer ${token}` };
  const authorize: Interceptor = (next) => (request) => {
    request.header.set('authorization', headers.authorization);
    return next(request);
  };
  const trust = ca === undefined ? {} : { ca };
  return {
    name: origin ?? url,
    isSecure: protocol === 'https:',
    headers,
    request: { hostname: hostname.replace(/^\[|\]$/g, ''), ...(port === '' ? {} : { port }), ...trust },
    transport: createConnectTransport({
      baseUrl: origin ?? url,
      httpVersion: '1.1',
      interceptors: [authorize],
      nodeOptions: trust,
    }),
    webSocketUrl: (path) => `${(origin ?? url).replace(/^http/, 'ws')}${path}`,
    webSocketOptions: trust,
  };
}

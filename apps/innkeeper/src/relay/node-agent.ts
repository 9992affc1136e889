import { Agent as HttpAgent } from 'node:http';
import type { ClientSessionOptions, SecureClientSessionOptions } from 'node:http2';
import { Agent as HttpsAgent } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { NodeAddress } from './node-address.ts';

/** PEM: what a control plane shows to the node, and whom it takes for the node. */
export interface NodeTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** A host that is switched off does not say so. */
const connectTimeoutMs = 5_000;
/** What browsers, files and consoles that are open at once can take; a node allows 2,000 connections per listener. */
const maxSockets = 1_500;
const options = { keepAlive: true, maxSockets, maxFreeSockets: 32 } as const;

/**
 * Megabytes of one HTTP/2 connection: requests of 4 MiB on each of its 100 streams. Node's client counts bodies that wait to
 * be sent, and beyond its default of 10 it resets the stream whose answer comes next, with ENHANCE_YOUR_CALM.
 */
const maxSessionMemory = 512;

/** Connections to a node, which are used again. */
export function createNodeAgent(address: NodeAddress, tls: NodeTls | undefined): HttpAgent {
  if (address.kind === 'unix') return new HttpAgent({ ...options, socketPath: address.path } as object);
  return new PatientAgent({ ...options, ...tls, host: address.host, port: address.port, minVersion: 'TLSv1.3' });
}

/** How Node's HTTP/2 client reaches a node. */
export function http2Options(
  address: NodeAddress,
  tls: NodeTls | undefined,
): ClientSessionOptions | SecureClientSessionOptions {
  if (address.kind === 'unix') return { maxSessionMemory, createConnection: () => connect(address.path) };
  return { ...tls, maxSessionMemory, minVersion: 'TLSv1.3' };
}

/** Aborts a connection attempt that takes too long. */
class PatientAgent extends HttpsAgent {
  override createConnection(...args: Parameters<HttpsAgent['createConnection']>): Duplex | null | undefined {
    const socket = super.createConnection(...args);
    if (socket === null || socket === undefined) return socket;
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('the node did not answer in time'), { code: 'ETIMEDOUT' }));
    }, connectTimeoutMs);
    const stop = (): void => clearTimeout(timer);
    socket.once('secureConnect', stop);
    socket.once('close', stop);
    return socket;
  }
}

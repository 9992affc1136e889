import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { createDeferred, onAbort } from '@innkeeper/kit';
import type { ProxmoxServer } from './proxmox-server.ts';

/** Connects, and checks the certificate before a byte of the request is sent. Rejects with an Error that says why not. */
export async function openProxmox(server: ProxmoxServer, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, fingerprint, ca } = server;
  const socket = connect({
    host,
    port,
    ca,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    // A pinned certificate is compared below instead; usually it is signed by nobody that this host knows.
    rejectUnauthorized: fingerprint === undefined,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  const opened = createDeferred<void>();
  socket.once('secureConnect', opened.resolve);
  socket.on('error', opened.reject);
  const stop = onAbort(signal, opened.reject);
  try {
    await opened.promise;
    const seen = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase() ?? 'none';
    if (fingerprint !== undefined && seen !== fingerprint)
      throw new Error(`its certificate has the fingerprint ${seen}, not the one that was given`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    stop();
  }
}

import { rm } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import type { ApiServer } from '../api/api-server.ts';
import type { DataFolder } from '../node/data/data-folder.ts';
import { listenPrivately } from './listen-privately.ts';
import { readPem } from './read-pem.ts';

/** Listeners for control planes. */
export interface ControlListenerSettings {
  readonly tcp?: {
    readonly host: string;
    readonly port: number;
    readonly certPath: string;
    readonly keyPath: string;
    /** Only clients with a certificate of this authority are accepted. */
    readonly caPath: string;
  };
}

/**
 * Opens control.sock, which only this user can access, and the port if configured. Resolves to their addresses as text.
 * Fails with LISTEN_REFUSED.
 */
export async function listenForControlPlanes(
  server: ApiServer,
  { tcp }: ControlListenerSettings,
  folder: DataFolder,
): Promise<AsyncDisposable & { readonly addresses: readonly string[] }> {
  const path = folder.controlSocket;
  await listenPrivately(path, () => server.listenForControl({ where: { path } }));
  const addresses = [`unix:${path}`];
  if (tcp !== undefined) {
    const { host, port } = tcp;
    const [cert, key, clientCa] = await Promise.all([tcp.certPath, tcp.keyPath, tcp.caPath].map(readPem));
    if (cert === undefined || key === undefined || clientCa === undefined)
      throw new Error('the certificate, key or CA file is empty');
    try {
      const bound = await server.listenForControl({ where: { host, port }, tls: { cert, key, clientCa } });
      addresses.push(`https://${host}:${bound}`);
    } catch (error) {
      const message = errorMessage(error);
      throw new OperationError('LISTEN_REFUSED', `Cannot listen on ${host}:${port}: ${message}.`, { cause: error });
    }
  }
  return { addresses, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

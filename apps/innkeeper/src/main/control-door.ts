import { rm } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import type { ApiServer } from '../api/api-server.ts';
import type { DataFolder } from '../node/data/data-folder.ts';
import { listenPrivately } from './listen-privately.ts';
import { readPem } from './read-pem.ts';

/** Listeners for control planes. */
export interface ControlDoorSettings {
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
 * Opens control.sock, which is this user's alone, and the port when one was asked for. Returns their addresses as text. Fails with
 * LISTEN_REFUSED.
 */
export async function openControlDoor(
  server: ApiServer,
  { tcp }: ControlDoorSettings,
  folder: DataFolder,
): Promise<AsyncDisposable & { readonly places: readonly string[] }> {
  const path = folder.controlSocket;
  await listenPrivately(path, () => server.listenForControl({ where: { path } }));
  const places = [`unix:${path}`];
  if (tcp !== undefined) {
    const { host, port } = tcp;
    const [cert, key, clientCa] = await Promise.all([tcp.certPath, tcp.keyPath, tcp.caPath].map(readPem));
    if (cert === undefined || key === undefined || clientCa === undefined) throw new Error('a file without content');
    try {
      const bound = await server.listenForControl({ where: { host, port }, tls: { cert, key, clientCa } });
      places.push(`https://${host}:${bound}`);
    } catch (error) {
      const message = errorMessage(error);
      throw new OperationError('LISTEN_REFUSED', `Cannot listen on ${host}:${port}: ${message}.`, { cause: error });
    }
  }
  return { places, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

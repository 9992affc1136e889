import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';
import type { EdgeListenOptions } from '../edge/edge-server.ts';
import type { DataFolder } from '../node/data/data-folder.ts';
import { isLoopbackHost, type ListenSettings } from './listen-settings.ts';
import { ownCertificate, ownNames } from './own-certificate.ts';
import { readPem } from './read-pem.ts';

/** How many ports are tried when none was named. */
const triedPorts = 20;

export interface WebAddress {
  /** "http://127.0.0.1:8080" */
  readonly url: string;
  /** What a person should know: another port than the usual one, or a certificate to compare. */
  readonly remarks: readonly string[];
}

/**
 * Listens on TCP. When no port was named and 8080 is taken, the next free one to 8099 does. Fails with LISTEN_REFUSED;
 * returns undefined when no port was named and none of these is free.
 */
export async function listenOnTcp(
  server: { listenTcp(options: EdgeListenOptions): Promise<number> },
  settings: ListenSettings,
  folder?: Pick<DataFolder, 'tls'>,
): Promise<WebAddress | undefined> {
  const { host, port, isPortFixed, names, portsDomain } = settings;
  const pem = await readTls(settings, folder);
  const isLoopback = isLoopbackHost(host);
  const listener = { kind: 'tcp', isSecure: pem !== undefined, hosts: { isLoopback, names }, portsDomain } as const;
  const last = isPortFixed ? port : port + triedPorts - 1;
  for (let tried = port; tried <= last; tried += 1) {
    try {
      const where = { host, port: tried };
      const bound = await server.listenTcp({
        where,
        listener,
        ...(pem === undefined ? {} : { tls: { cert: pem.cert, key: pem.key } }),
      });
      const remarks = tried === port ? [] : [`Port ${port} is taken, so it is ${tried}.`];
      if (pem?.fingerprint !== undefined) remarks.push(`Its certificate is its own: SHA-256 ${pem.fingerprint}`);
      return { url: urlOf(host, bound, pem !== undefined), remarks };
    } catch (error) {
      if (!isPortFixed && isTaken(error)) continue;
      throw new OperationError('LISTEN_REFUSED', `Cannot listen on ${host}:${tried}: ${errorMessage(error)}.`, {
        cause: error,
        nextStep: isTaken(error) ? 'Give another port with --listen, or end what listens there.' : undefined,
      });
    }
  }
  return undefined;
}

async function readTls(
  { tls, host, names }: ListenSettings,
  folder: Pick<DataFolder, 'tls'> | undefined,
): Promise<{ cert: string; key: string; fingerprint?: string } | undefined> {
  if (tls === undefined) return undefined;
  if (tls !== 'self-signed') return { cert: await readPem(tls.certPath), key: await readPem(tls.keyPath) };
  if (folder === undefined) throw new Error('no folder for a self-signed certificate');
  return await ownCertificate(folder.tls, ownNames(host, names));
}

function urlOf(host: string, port: number, isSecure: boolean): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${isSecure ? 'https' : 'http'}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

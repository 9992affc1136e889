import { formatHost, OperationError } from '@innkeeper/contract';

/** A Proxmox VE, or one of the hosts of its cluster, and what its API is used with. */
export interface ProxmoxServer {
  readonly host: string;
  readonly port: number;
  /** `USER@REALM!ID=SECRET`. */
  readonly token: string;
  /** SHA-256 of the server's certificate: 64 hexadecimal digits. Then nothing else of the certificate counts. */
  readonly fingerprint?: string | undefined;
  /** PEM of the authority of its certificate. Without it and without a fingerprint, the authorities of the system. */
  readonly ca?: string | undefined;
}

const tokenForm = /^[^\s!=@]{1,64}@[A-Za-z0-9._-]{1,64}![A-Za-z][A-Za-z0-9._-]{0,127}=([\x21-\x7e]{8,256})$/;
const maxCaChars = 64 * 1024;

/** Checks a server that a user named. @throws OperationError INVALID_ARGUMENT, without the token in its text */
export function checkProxmoxServer(server: ProxmoxServer): ProxmoxServer {
  const { token, ca } = server;
  if (!tokenForm.test(token))
    throw new OperationError('INVALID_ARGUMENT', 'The token is not of the form USER@REALM!ID=SECRET.');
  const fingerprint = server.fingerprint?.replaceAll(':', '').toLowerCase();
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint))
    throw new OperationError(
      'INVALID_ARGUMENT',
      'A fingerprint is the SHA-256 of a certificate: 32 bytes in hexadecimal.',
    );
  if (ca !== undefined && (ca.length > maxCaChars || !ca.includes('-----BEGIN CERTIFICATE-----')))
    throw new OperationError('INVALID_ARGUMENT', 'The authority is not a certificate in PEM.');
  if (ca !== undefined && fingerprint !== undefined)
    throw new OperationError('INVALID_ARGUMENT', 'A fingerprint replaces the authority: give one of them.');
  return { ...server, fingerprint };
}

/** Where it is, for messages. */
export function placeOf({ host, port }: Pick<ProxmoxServer, 'host' | 'port'>): string {
  return `${formatHost(host)}:${port}`;
}

/** A text of the server without the token's secret, which it might repeat. */
export function withoutSecret(text: string, { token }: ProxmoxServer): string {
  const [, secret = ''] = tokenForm.exec(token) ?? [];
  return secret === '' ? text : text.replaceAll(secret, '…');
}

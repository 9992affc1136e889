import { request } from 'node:http';
import { OperationError } from '@innkeeper/contract/errors';
import { cleanText, errorMessage, mib, onAbort, withDeadline } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { openProxmox } from './open-proxmox.ts';
import { type ProxmoxServer, placeOf, withoutSecret } from './proxmox-server.ts';

/** Default limits of one request. */
const requestTimeoutMs = 15_000;
const answerBytes = 4 * mib;
const maxHeaderBytes = 16 * 1024;
const maxReasonChars = 300;

export interface ProxmoxRequest {
  readonly method: 'GET' | 'POST';
  /** Below /api2/json. */
  readonly path: string;
  /** Parameters; a list is sent one by one under the same name. */
  readonly form?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Largest answer in bytes. Default: 4 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default: 15 s. */
  readonly timeoutMs?: number | undefined;
}

/** What the server refused or could not do, by its HTTP status; 0: it was not reached. */
export class ProxmoxError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends one request to the API of a Proxmox VE and returns the `data` of its answer. Redirects are not followed. Fails with
 * ProxmoxError, or with the signal's reason.
 */
export async function askProxmox(
  server: ProxmoxServer,
  asked: ProxmoxRequest,
  { clock, signal }: { readonly clock: LinkClock; readonly signal: AbortSignal },
): Promise<unknown> {
  const timeoutMs = asked.timeoutMs ?? requestTimeoutMs;
  const late = (): Error => new ProxmoxError(0, `it did not answer within ${timeoutMs / 1000} s`);
  const { status, reason, body } = await withDeadline({ timers: clock, timeoutMs, signal, late }, (either) =>
    send(server, asked, either),
  );
  if (status !== 200) throw new ProxmoxError(status, reason);
  try {
    const { data } = JSON.parse(body) as { readonly data?: unknown };
    return data;
  } catch {
    throw new ProxmoxError(0, 'its answer is not JSON');
  }
}

interface Answer {
  readonly status: number;
  /** Proxmox says what went wrong in the status line. */
  readonly reason: string;
  readonly body: string;
}

async function send(server: ProxmoxServer, asked: ProxmoxRequest, signal: AbortSignal): Promise<Answer> {
  const { method, path, maxBytes = answerBytes } = asked;
  const form = formOf(asked.form ?? {});
  const body = method === 'POST' ? Buffer.from(form) : undefined;
  const socket = await openProxmox(server, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ProxmoxError(0, errorMessage(error));
  });
  const stop = onAbort(signal, () => socket.destroy());
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const fail = (error: Error): void => reject(signal.aborted ? signal.reason : new ProxmoxError(0, error.message));
      const sent = request(
        {
          createConnection: () => socket,
          method,
          path: `/api2/json${path}${method === 'GET' && form !== '' ? `?${form}` : ''}`,
          maxHeaderSize: maxHeaderBytes,
          headers: {
            host: placeOf(server),
            authorization: `PVEAPIToken=${server.token}`,
            accept: 'application/json',
            connection: 'close',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            chunks.push(chunk);
            if (bytes <= maxBytes) return;
            reject(new ProxmoxError(0, `its answer has more than ${maxBytes} bytes`));
            sent.destroy();
          });
          answer.once('error', fail);
          answer.once('end', () => {
            const status = answer.statusCode ?? 0;
            const reason = cleanText(withoutSecret(answer.statusMessage ?? '', server), maxReasonChars);
            resolve({ status, reason, body: Buffer.concat(chunks).toString() });
          });
        },
      );
      sent.once('error', fail);
      sent.end(body);
    });
  } finally {
    stop();
    socket.destroy();
  }
}

function formOf(fields: Readonly<Record<string, string | readonly string[]>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) for (const each of [value].flat()) form.append(name, each);
  return form.toString();
}

/** The server as such is not usable: it is not reached, or refuses the token. */
export function proxmoxUnreachable(server: ProxmoxServer, error: ProxmoxError): OperationError {
  const why =
    error.status === 401
      ? 'it refuses the token'
      : error.status >= 300 && error.status < 400
        ? 'it redirects elsewhere, which is not followed'
        : error.message || `its answer has the status ${error.status}`;
  return new OperationError('HYPERVISOR_UNREACHABLE', `The Proxmox VE at ${placeOf(server)} does not answer: ${why}.`, {
    nextStep:
      'Check its address, the certificate’s fingerprint and the token, and try again: inn adopt --proxmox https://HOST:8006.',
  });
}

import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { Readable } from 'node:stream';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../core/abort-error.ts';
import { fromErrorBody } from '../core/errors.ts';
import type { Server } from './server.ts';

const maxTextBytes = 64 * 1024;

/** One request to a daemon. */
export interface ExchangeOptions {
  readonly server: Server;
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Destroyed at the end, however it ends. */
  readonly body?: Readable | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer's head; `destroy` lets go of its connection. */
export interface Exchange {
  readonly response: IncomingMessage;
  destroy(): void;
}

/**
 * Sends a request on a connection of its own. Resolves with the answer's head, also while the body is still on its way:
 * a daemon that refuses answers before it has read everything, and then its answer counts, not the broken pipe.
 * Rejects with the body's own error, the socket's, or what an abort gives.
 */
function exchange({ server, method, path, headers = {}, body, signal }: ExchangeOptions): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      body?.destroy();
      reject(abortError(signal));
      return;
    }
    const request = server.isSecure ? requestSecurely : requestPlainly;
    // Else the daemon breaks the connection where it could say why in a trailer.
    const all = { te: 'trailers', ...headers, ...server.headers };
    const outgoing = request({ ...server.request, method, path, headers: all, agent: false });
    const destroy = (): void => {
      untie();
      body?.destroy();
      outgoing.destroy();
    };
    const fail = (error: unknown): void => {
      reject(error);
      destroy();
    };
    const untie = onAbort(signal, () => {
      if (signal !== undefined) fail(abortError(signal));
    });
    outgoing.once('response', (response) => {
      response.once('close', destroy);
      resolve({ response, destroy });
    });
    // A late error, after the answer's head, reaches its reader by the response itself.
    outgoing.on('error', fail);
    if (body === undefined) outgoing.end();
    else {
      body.on('error', fail);
      body.pipe(outgoing);
    }
  });
}

/** The same for an answer of 200; with any other status it rejects with the error that the daemon wrote. */
export async function goodExchange(options: ExchangeOptions): Promise<Exchange> {
  const { response, destroy } = await exchange(options);
  if (response.statusCode === 200) return { response, destroy };
  try {
    // An answer to HEAD has no body.
    const error = response.headers['x-innkeeper-error'] ?? (await textOf(response));
    throw fromErrorBody(`${error}`, `The daemon answered ${response.statusCode}.`);
  } finally {
    destroy();
  }
}

/** The whole text of a short answer. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxTextBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

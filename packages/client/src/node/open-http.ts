import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { Readable } from 'node:stream';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../core/abort-error.ts';
import { fromErrorBody } from '../core/errors.ts';
import type { Server } from './server.ts';

const maxTextBytes = 64 * 1024;

/** One request to a daemon. */
export interface HttpOptions {
  readonly server: Server;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Destroyed at the end, also after an error. */
  readonly body?: Readable | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A response head; `destroy` closes its connection. */
export interface OpenedResponse {
  readonly response: IncomingMessage;
  destroy(): void;
}

/**
 * Sends a request on its own connection. Resolves with the response head, possibly while the request body is still
 * being sent: a daemon that refuses a request responds before it has read the whole body, and then its response counts,
 * not the broken pipe. Rejects with an error of the body or the socket, or with the abort's error.
 */
function sendRequest({ server, method, path, headers = {}, body, signal }: HttpOptions): Promise<OpenedResponse> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      body?.destroy();
      reject(abortError(signal));
      return;
    }
    const request = server.isSecure ? requestSecurely : requestPlainly;
    // Without this header the daemon cuts the connection on an error midway, instead of sending it in a trailer.
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
    // After the response head, errors reach the reader through the response itself.
    outgoing.on('error', fail);
    if (body === undefined) outgoing.end();
    else {
      body.on('error', fail);
      body.pipe(outgoing);
    }
  });
}

/** Sends a request and resolves if the status is 200; otherwise rejects with the daemon's error. */
export async function openHttp(options: HttpOptions): Promise<OpenedResponse> {
  const { response, destroy } = await sendRequest(options);
  if (response.statusCode === 200) return { response, destroy };
  try {
    // A response to HEAD has no body.
    const error = response.headers['x-innkeeper-error'] ?? (await textOf(response));
    throw fromErrorBody(`${error}`, `The daemon responded with HTTP status ${response.statusCode}.`);
  } finally {
    destroy();
  }
}

/** Reads the text of a short response; stops at 64 KiB. */
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

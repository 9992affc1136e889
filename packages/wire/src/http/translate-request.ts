import { OperationError } from '@innkeeper/contract/errors';
import { configureInterfaceCall } from './configure-interface.ts';
import { healthCall } from './health.ts';
import { metricsCall } from './metrics.ts';
import { type HttpCall, type HttpReply, jsonReply } from './reply.ts';
import type { HttpRequest } from './request-receiver.ts';

export interface HttpTranslateOptions {
  /** The guest's clock, in seconds since the Unix epoch. */
  readonly unixSeconds: number;
  /** Whether this peer may configure interfaces. */
  readonly mayConfigure: boolean;
  /** Generates an id that no change of the network has. */
  freshId(): string;
}

/** A request as a call, or its response if it is not one. */
export function translateHttpRequest(request: HttpRequest, options: HttpTranslateOptions): HttpCall | HttpReply {
  const { method, path, headers, body } = request;
  const reads = method === 'GET' || method === 'HEAD';
  switch (path) {
    case '/health':
      return reads ? healthCall(options.unixSeconds) : notAllowed('GET, HEAD');
    case '/metrics':
      return reads ? metricsCall(headers.get('accept') ?? '') : notAllowed('GET, HEAD');
    case '/configure-interface':
      if (method !== 'POST') return notAllowed('POST');
      if (!options.mayConfigure)
        return failed(403, 'Interfaces are not configured here: the guest does not set http_configure_interface.');
      // Web pages send it and programs do not: a page must not reach a guest through its visitor's browser.
      if (headers.has('origin')) return failed(403, 'Interfaces are not configured for web pages.');
      return configure(body, options.freshId());
    default:
      return jsonReply(404, { error: 'There is nothing at this path: /health, /metrics, /configure-interface.' });
  }
}

function configure(body: Uint8Array, freshId: string): HttpCall | HttpReply {
  try {
    return configureInterfaceCall(body, freshId);
  } catch (error) {
    return failed(200, OperationError.from(error).message);
  }
}

function failed(status: number, error: string): HttpReply {
  return jsonReply(status, { success: false, error });
}

function notAllowed(allow: string): HttpReply {
  return { ...jsonReply(405, { error: `The methods of this path are ${allow}.` }), allow };
}

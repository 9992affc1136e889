import type { ServerResponse } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { type ConnectRouter, createConnectRouter, createContextValues, type HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { OperationError } from '@innkeeper/contract';
import { type Log, mib } from '@innkeeper/kit';
import { answerError } from './answer-error.ts';
import { toConnectError } from './api-error.ts';
import { factsKey, identifyCall } from './api-interceptors.ts';
import { bodyForm, checkedBody, checkedStream, tooLarge } from './checked-body.ts';
import type { Gate } from './gate.ts';
import { takesStream } from './vm-address.ts';
import type { AnyRequest, RequestFacts } from './web/request-facts.ts';

/** Maximum size of one request message; the largest have a script of 1 MiB, or arguments up to Linux's limit (2 MiB). */
const maxRequestBytes = 4 * mib;
const maxTimeoutMs = 24 * 60 * 60 * 1000;

/** Of the request; `identity` alone is taken. */
const encodingHeaders = ['content-encoding', 'connect-content-encoding', 'grpc-encoding'] as const;
const timeoutHeaders = ['connect-timeout-ms', 'grpc-timeout'] as const;

export interface RpcOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly gate: Gate;
  readonly log: Log;
  readonly shutdownSignal: AbortSignal;
  readonly factsOf: (request: object) => RequestFacts | undefined;
  /** Answers what is not a call. */
  readonly fallback: (request: AnyRequest, response: ServerResponse) => void;
}

/** Answers calls in Connect, gRPC and gRPC-web. What is wrong with a request itself is answered as the caller's fault. */
export function createRpcHandler(options: RpcOptions): (request: AnyRequest, response: ServerResponse) => void {
  const { gate, log, shutdownSignal, factsOf, fallback } = options;
  const identify = identifyCall(gate, log);
  const router = createConnectRouter({
    requestGate: async (context) => {
      await identify(context);
      checkHeaders(context, log);
    },
    // Most callers are near: compressing costs more than it saves.
    acceptCompression: [],
    readMaxBytes: maxRequestBytes,
    maxTimeoutMs,
    shutdownSignal,
  });
  options.routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  const answer = async (handler: UniversalHandler, request: AnyRequest, response: ServerResponse): Promise<void> => {
    const values = createContextValues().set(factsKey, factsOf(request));
    const call = callOf(request, response, values);
    const check = takesStream(request.url) ? checkedStream : checkedBody;
    const form = bodyForm(call.header.get('content-type'));
    const body = call.body;
    const isWhole = (): boolean => request.complete && !(request instanceof Http2ServerRequest && request.aborted);
    const checked =
      form === undefined || !isBytes(body)
        ? body
        : asConnect(check(body, { method: handler.method, form, maxBytes: maxRequestBytes, isWhole }), log);
    const answered = withReason(await handler({ ...call, body: checked }));
    await universalResponseToNodeResponse(answered, response);
  };
  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (handler === undefined) {
      fallback(request, response);
      return;
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      const error = new OperationError('UNKNOWN_METHOD', `Methods are called with POST, not ${request.method}.`, {
        nextStep: 'Send the request as a JSON body with the content type application/json.',
      });
      answerError(response, error, log, 405);
      return;
    }
    answer(handler, request, response).catch((error: unknown) => {
      // Either the client left, or nothing was answered yet.
      log.debug('api.call-broke-off', { method: handler.method.name, error: String(error) });
      if (!response.headersSent && !response.destroyed) answerError(response, error, log);
    });
  };
}

/** Throws MALFORMED_REQUEST for a request without an authority, or with one that no address can have. */
function callOf(
  request: AnyRequest,
  response: ServerResponse,
  values: ReturnType<typeof createContextValues>,
): ReturnType<typeof universalRequestFromNodeRequest> {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch (error) {
    throw new OperationError('MALFORMED_REQUEST', 'The request’s host or path is malformed.', { cause: error });
  }
}

function isBytes(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function* asConnect<T>(pieces: AsyncIterable<T>, log: Log): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    throw toConnectError(error, log);
  }
}

function checkHeaders({ requestHeader, timeoutMs }: HandlerContext, log: Log): void {
  const encoding = encodingHeaders
    .map((name) => requestHeader.get(name))
    .find((value) => (value ?? 'identity') !== 'identity');
  if (encoding !== undefined && encoding !== null) {
    throw toConnectError(
      new OperationError('CONTENT_UNSUPPORTED', `The encoding "${encoding.slice(0, 40)}" is not supported.`),
      log,
    );
  }
  const length = Number(requestHeader.get('content-length') ?? 0);
  if (length > maxRequestBytes) throw toConnectError(tooLarge(maxRequestBytes, length), log);
  if (timeoutMs() === undefined && timeoutHeaders.some((name) => requestHeader.has(name))) {
    throw toConnectError(new OperationError('MALFORMED_REQUEST', 'The timeout of the call is malformed.'), log);
  }
}

/** The library refuses other HTTP methods and content types by a status alone. */
function withReason(response: UniversalServerResponse): UniversalServerResponse {
  const reason =
    response.status === 415 ? 'CONTENT_UNSUPPORTED' : response.status === 405 ? 'UNKNOWN_METHOD' : undefined;
  if (reason === undefined) return response;
  const header = new Headers(response.header);
  header.set('x-innkeeper-reason', reason);
  return { ...response, header };
}

import type { ServerResponse } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import { type ConnectRouter, createConnectRouter, createContextValues, type HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { OperationError } from '@innkeeper/contract';
import { type Log, mib } from '@innkeeper/kit';
import { answerError } from './answer-error.ts';
import { HttpMethodError, toConnectError } from './api-error.ts';
import { factsKey, identifyCall } from './api-interceptors.ts';
import { withReason } from './call-errors.ts';
import { bodyForm, checkedBody, checkedStream, tooLarge } from './checked-body.ts';
import type { Gate } from './gate.ts';
import { answerText, connectCall, textFormat, type UnreadCall } from './text-stream.ts';
import { takesStream } from './vm-address.ts';
import { bodyOf, closesEarly } from './web/leave-body.ts';
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
    const { method } = handler;
    const format = textFormat(method, call.header);
    const { body, ...head } = format === undefined ? call : connectCall(call, method, maxRequestBytes);
    const check = takesStream(request.url) ? checkedStream : checkedBody;
    const form = bodyForm(head.header.get('content-type'));
    const isWhole = (): boolean => request.complete && !(request instanceof Http2ServerRequest && request.aborted);
    const checked =
      form === undefined ? body : asConnect(check(body, { method, form, maxBytes: maxRequestBytes, isWhole }), log);
    const answered = await handler({ ...head, body: checked });
    if (closesEarly(request)) response.setHeader('connection', 'close');
    const refusal = refusals[answered.status]?.(method, head.header);
    if (refusal !== undefined) answerError(response, refusal, log, answered.status);
    else if (format !== undefined) await answerText(answered, response, format);
    else await universalResponseToNodeResponse(await withReason(answered), response);
  };
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const handler = handlers.get(path);
    if (handler === undefined) {
      fallback(request, response);
      return;
    }
    if (request.method !== 'POST') {
      const error = new HttpMethodError(
        `Methods are called with POST, not ${request.method}.`,
        ['POST'],
        howToCall(path),
      );
      answerError(response, error, log);
      return;
    }
    answer(handler, request, response).catch((error: unknown) => {
      // Either the client left, or nothing was answered yet.
      log.debug('api.call-broke-off', { method: handler.method.name, error: String(error) });
      if (!response.headersSent && !response.destroyed) answerError(response, error, log);
    });
  };
}

function howToCall(path: string): string {
  return `Send the request as a JSON body: curl -H 'content-type: application/json' -d '{}' …${path}`;
}

/** What the library refuses by a status alone. */
const refusals: Readonly<Record<number, (method: DescMethod, header: Headers) => OperationError>> = {
  415: ({ methodKind }, header) => {
    const type = (header.get('content-type') ?? '').slice(0, 80);
    const nextStep =
      methodKind === 'unary'
        ? 'Send the content type application/json or application/proto, or call with gRPC.'
        : 'This method answers with a stream: send the content type application/json with "Accept: application/x-ndjson" or "Accept: text/event-stream", or call with Connect or gRPC.';
    return new OperationError('CONTENT_UNSUPPORTED', `This method does not take the content type "${type}".`, {
      nextStep,
    });
  },
  505: () =>
    new OperationError('CONTENT_UNSUPPORTED', 'This method streams both ways at once, which requires HTTP/2.', {
      nextStep: 'Call it over HTTP/2, or with "Accept: application/x-ndjson".',
    }),
};

/** Throws MALFORMED_REQUEST for a request without an authority, or with one that no address can have. */
function callOf(
  request: AnyRequest,
  response: ServerResponse,
  values: ReturnType<typeof createContextValues>,
): UnreadCall {
  try {
    const call = universalRequestFromNodeRequest(request, response, undefined, values);
    return { ...call, body: callBody(request) };
  } catch (error) {
    throw new OperationError('MALFORMED_REQUEST', 'The request’s host or path is malformed.', { cause: error });
  }
}

async function* callBody(request: AnyRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* bodyOf(request);
  } catch (error) {
    throw new OperationError('CANCELED', 'The caller left in the middle of the request.', { cause: error });
  }
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

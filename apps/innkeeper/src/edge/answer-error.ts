import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { errorHeader, HttpMethodError, toHttpError } from './api-error.ts';
import { errorPage, isNavigation, pageHeaders } from './error-page.ts';
import { endSoon } from './web/connection.ts';
import { closesEarly, leaveBody } from './web/leave-body.ts';

/** Answers a request for a WebSocket with an error. */
export function refuseUpgrade(socket: Socket, error: unknown, log: Log): void {
  const { status, body } = toHttpError(error, log);
  const text = JSON.stringify(body);
  endSoon(
    socket,
    `HTTP/1.1 ${status} Error\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

/**
 * Nothing more that a client sends is wanted: reads and discards it. A socket whose reading was paused would not see the
 * client's part of the close, and the client would wait for the end of the connection.
 */
export function ignoreMessages(client: WebSocket): void {
  client.removeAllListeners('message');
  client.resume();
}

/** Tells a WebSocket client what went wrong, and closes. */
export function closeWithError(client: WebSocket, error: unknown, log: Log): void {
  if (client.readyState !== client.OPEN) return;
  const { body } = toHttpError(error, log);
  client.send(JSON.stringify({ type: 'error', ...body }));
  client.close(1011, body.reason);
  ignoreMessages(client);
}

/** Answers with an error, when the answer has not begun: JSON, or a page for a person whose browser opened the address. Default of `as`: the status that the error's code has. */
export function answerError(response: ServerResponse, error: unknown, log: Log, as?: number): void {
  const { status, body } = toHttpError(error, log);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  leaveBody(response.req);
  const isPage = isNavigation(response.req);
  response.writeHead(as ?? status, {
    ...(isPage ? pageHeaders : { 'content-type': 'application/json' }),
    'x-innkeeper-reason': body.reason,
    // A HEAD has no body, so its error has a header too; what is left of an upload is not read.
    'x-innkeeper-error': errorHeader(body),
    ...(error instanceof HttpMethodError ? { allow: error.allow } : {}),
    ...(closesEarly(response.req) ? { connection: 'close' } : {}),
  });
  response.end(isPage ? errorPage(body) : JSON.stringify(body));
}

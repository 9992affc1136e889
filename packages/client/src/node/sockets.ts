import { WebSocket } from 'ws';
import { fromErrorBody } from '../core/errors.ts';
import { lostCode, type OpenSocket } from '../core/stream-socket.ts';
import { isUnreachable, unreachableError } from './errors.ts';
import type { Server } from './server.ts';

/** The largest message is a terminal's screen, at most 4 MiB. */
const maxMessageBytes = 8 * 1024 * 1024;
const maxErrorChars = 64 * 1024;
/** Milliseconds to wait for the server's part of the closing handshake. */
const closeWithinMs = 1000;

/** WebSockets of a daemon, for Node. */
export function nodeSockets(server: Server): OpenSocket {
  return (path, events) => {
    const socket = new WebSocket(server.webSocketUrl(path), {
      headers: server.headers,
      ...server.webSocketOptions,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
    });
    let failure: unknown;
    socket.on('open', events.opened);
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) events.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      else events.text(data.toString());
    });
    socket.on('unexpected-response', (request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < maxErrorChars) text += chunk;
      });
      response.once('close', () => {
        failure = fromErrorBody(text, `The daemon responded with HTTP status ${response.statusCode}.`);
        request.destroy();
        // What ws does after a refused upgrade depends on which side ends the request first.
        socket.terminate();
      });
    });
    socket.on('error', (error) => {
      failure ??= isUnreachable(error) ? unreachableError(server, error) : error;
    });
    socket.on('close', (code) => events.closed(failure === undefined ? code : lostCode, failure));
    return {
      send(message) {
        if (socket.readyState === WebSocket.OPEN) socket.send(message);
      },
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close() {
        socket.close();
        setTimeout(() => socket.terminate(), closeWithinMs).unref();
      },
    };
  };
}

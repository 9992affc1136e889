import { WebSocket } from 'ws';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';
import type { ExecSocket, ExecSocketListener, ExecTransport } from './exec-socket.ts';
import { MessageQueue } from './message-queue.ts';
import type { Server } from './server.ts';

/** The largest message a daemon sends is one frame of an agent. */
const maxMessageBytes = 1024 * 1024;
const maxErrorBytes = 64 * 1024;
/** Milliseconds for the other side's part of the closing handshake. */
const closeWithinMs = 1000;

/** Commands of one daemon, in Node. */
export function execTransport(server: Server): ExecTransport {
  return {
    open: (vm, on) => openExecSocket(server, vm, on),
    isUnreachable,
    unreachable: (cause) => unreachableError(server, cause),
  };
}

/** Connects to the exec route of a VM. */
function openExecSocket(server: Server, vm: string, on: ExecSocketListener): ExecSocket {
  const queue = new MessageQueue();
  const socket = new WebSocket(server.webSocketUrl(`/v1/vms/${encodeURIComponent(vm)}/exec`), {
    headers: server.headers,
    ...server.webSocketOptions,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  const opened = new Promise<boolean>((resolve) => {
    socket.once('open', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  const own: ExecSocket = {
    queue,
    opened,
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    },
    close() {
      socket.close();
      setTimeout(() => socket.terminate(), closeWithinMs).unref();
    },
  };
  socket.on('open', () => on.open(own));
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) queue.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else on.control(data.toString(), queue);
  });
  socket.on('unexpected-response', (request, response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (text.length < maxErrorBytes) text += chunk;
    });
    response.once('close', () => {
      queue.fail(fromErrorBody(text, `The daemon answered ${response.statusCode}.`));
      request.destroy();
      // What ws does with an upgrade that was refused depends on who ends the request first.
      socket.terminate();
    });
  });
  socket.on('error', (error) => queue.fail(error));
  socket.on('close', () =>
    queue.fail(Object.assign(new Error('The daemon closed the connection.'), { code: 'ECONNRESET' })),
  );
  return own;
}

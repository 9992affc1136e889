import { OperationError } from '@innkeeper/contract';
import { mib, onAbort, orAborted } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { callerHeader, encodeCaller } from '../access/forwarded-caller.ts';
import type { IdentifiedRequest } from '../edge/gate.ts';
import { fromErrorBody } from './node-error-body.ts';
import type { NodeLink } from './node-link.ts';
import { nodeUnreachable } from './node-unreachable.ts';

/** What waits for the slower side; beyond, the other one is not read. */
const maxWaitingBytes = mib / 4;
const maxErrorBytes = 64 * 1024;
/** "Service restart": clients reconnect by themselves and resume. */
const comeBack = 1012;

/**
 * Opens a WebSocket to the node in the caller's name. Fails with what the node refuses it with, NODE_UNREACHABLE, or the
 * signal's reason.
 */
export async function openNodeSocket(
  { path, identified, signal }: { path: string; identified: IdentifiedRequest; signal: AbortSignal },
  link: NodeLink,
): Promise<WebSocket> {
  signal.throwIfAborted();
  const socket = link.openSocket(path, { [callerHeader]: encodeCaller(identified.caller) });
  // What comes before anybody listens would be lost.
  socket.once('open', () => socket.pause());
  const stopWaiting = onAbort(signal, () => socket.terminate());
  try {
    await opened(socket);
    link.note(true);
    return socket;
  } catch (error) {
    socket.terminate();
    if (signal.aborted) throw signal.reason;
    throw error instanceof OperationError ? error : nodeUnreachable(link, error);
  } finally {
    stopWaiting();
  }
}

/**
 * Relays messages both ways, each no faster than the other side takes them, until one closes, which closes the other
 * alike. If the connection to the node breaks, the client gets a close code that makes it reconnect. Resolves when both are closed;
 * rejects with the signal's reason, and leaves it to the caller to tell the client why.
 */
export async function relaySockets(
  client: WebSocket,
  node: WebSocket,
  { signal, link }: { signal: AbortSignal; link: NodeLink },
): Promise<void> {
  const ended = Promise.all([closed(client), closed(node)]);
  relay(client, node);
  relay(node, client);
  client.once('close', (code: number) => node.close(isSendable(code) ? code : 1001));
  node.once('close', (code: number, reason: Buffer) => {
    if (isSendable(code)) client.close(code, reason);
    else {
      nodeUnreachable(link, new Error('the node broke a connection off'));
      client.close(comeBack, 'the node does not answer');
    }
  });
  // A broken connection is followed by its close.
  node.on('error', () => undefined);
  const stopWaiting = onAbort(signal, () => node.close(1001));
  try {
    node.resume();
    await orAborted(ended, signal);
    signal.throwIfAborted();
  } finally {
    stopWaiting();
  }
}

function relay(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: Buffer, isBinary) => {
    if (to.readyState !== to.OPEN) return;
    to.send(data, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount <= maxWaitingBytes) from.resume();
    });
    if (to.bufferedAmount > maxWaitingBytes) from.pause();
  });
  // Nobody takes what would come; only the close is waited for.
  to.once('close', () => from.resume());
}

/** Whether a code may be sent in a close frame; 1005 and 1006 only say that none came. */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the node closed the connection')));
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < maxErrorBytes) text += chunk;
      });
      response.once('end', () => reject(fromErrorBody(text)));
      response.once('error', reject);
    });
  });
}

import { OperationError } from '@innkeeper/contract/errors';
import type { ExecSocket, ExecSocketListener, ExecTransport } from '../exec-socket.ts';
import { MessageQueue } from '../message-queue.ts';
import { toOperationError } from './browser-errors.ts';

export interface BrowserExecOptions {
  readonly baseUrl: string;
  /** A browser does not tell why a WebSocket was refused: this asks for the same VM, and rejects with the reason. */
  readonly askFor: (vm: string) => Promise<unknown>;
}

/** Commands of the daemon that serves this page. */
export function browserExecTransport(options: BrowserExecOptions): ExecTransport {
  return {
    open: (vm, on) => openExecSocket(options, vm, on),
    isUnreachable: (error) => toOperationError(error).reason === 'DAEMON_UNREACHABLE',
    unreachable: toOperationError,
  };
}

function openExecSocket({ baseUrl, askFor }: BrowserExecOptions, vm: string, on: ExecSocketListener): ExecSocket {
  const queue = new MessageQueue();
  const opened = Promise.withResolvers<boolean>();
  const address = new URL(`${baseUrl}/v1/vms/${encodeURIComponent(vm)}/exec`, globalThis.location?.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  const own: ExecSocket = {
    queue,
    opened: opened.promise,
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer> | string);
    },
    close: () => socket.close(),
  };
  let wasOpen = false;
  socket.addEventListener('open', () => {
    wasOpen = true;
    opened.resolve(true);
    on.open(own);
  });
  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === 'string') on.control(data, queue);
    else queue.push(new Uint8Array(data));
  });
  socket.addEventListener('close', () => {
    opened.resolve(false);
    // What was told before the close counts more.
    if (wasOpen) queue.fail(new OperationError('DAEMON_UNREACHABLE', 'The daemon closed the connection.'));
    else
      askFor(vm).then(
        () => queue.fail(new OperationError('PRIVILEGE_MISSING', 'The daemon refused to open the connection.')),
        (error: unknown) => queue.fail(error),
      );
  });
  return own;
}

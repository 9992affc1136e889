import { OperationError } from '@innkeeper/contract/errors';
import { lostCode, type OpenSocket } from '../stream-socket.ts';

/** WebSockets of the daemon that serves this page; the session's cookie goes along. `baseUrl` as for the client. */
export function browserSockets(baseUrl: string): OpenSocket {
  return (path, events) => {
    const origin = baseUrl === '' ? location.origin : baseUrl;
    const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${path}`);
    socket.binaryType = 'arraybuffer';
    let isOpen = false;
    socket.addEventListener('open', () => {
      isOpen = true;
      events.opened();
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.text(data);
      else events.bytes(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code }) => {
      // A browser does not tell a page why a connection was refused.
      const refused = new OperationError('DAEMON_UNREACHABLE', 'The daemon did not take the connection.');
      if (isOpen) events.closed(code);
      else events.closed(lostCode, refused);
    });
    return {
      send(message) {
        if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer> | string);
      },
      // A browser reads on; what waits is bounded by the stream.
      pause: () => undefined,
      resume: () => undefined,
      close: () => socket.close(),
    };
  };
}

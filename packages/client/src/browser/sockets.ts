import { OperationError } from '@innkeeper/contract/errors';
import { lostCode, type OpenSocket } from '../core/stream-socket.ts';

/** WebSocket.OPEN, which Node's test environment lacks. */
const open = 1;

/** Opens WebSockets to the daemon that serves this page, with the session cookie. `baseUrl` as for the client. */
export function browserSockets(
  baseUrl: string,
  connect = (address: string): WebSocket => new WebSocket(address),
): OpenSocket {
  return (path, events) => {
    const origin = baseUrl === '' ? location.origin : baseUrl;
    const socket = connect(`${origin.replace(/^http/, 'ws')}${path}`);
    socket.binaryType = 'arraybuffer';
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.text(data);
      else events.bytes(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      // A browser does not report to a page why a connection was refused.
      const refused = new OperationError('DAEMON_UNREACHABLE', 'The daemon did not accept the connection.');
      if (wasOpen) events.closed(code);
      else events.closed(lostCode, refused);
    };
    return {
      send(message) {
        if (socket.readyState === open) socket.send(message as Uint8Array<ArrayBuffer> | string);
      },
      // A browser cannot stop reading; SocketStream limits how much is buffered.
      pause: () => undefined,
      resume: () => undefined,
      close: () => socket.close(),
    };
  };
}

import { OperationError } from '@innkeeper/contract/errors';
import { lostCode, type OpenSocket } from '../core/stream-socket.ts';

/** The state of a WebSocket that is open. */
const open = 1;

/** WebSockets of the daemon that serves this page; the session's cookie goes along. `baseUrl` as for the client. */
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
      // A browser does not tell a page why a connection was refused.
      const refused = new OperationError('DAEMON_UNREACHABLE', 'The daemon did not take the connection.');
      if (wasOpen) events.closed(code);
      else events.closed(lostCode, refused);
    };
    return {
      send(message) {
        if (socket.readyState === open) socket.send(message as Uint8Array<ArrayBuffer> | string);
      },
      // A browser reads on; what waits is bounded by the stream.
      pause: () => undefined,
      resume: () => undefined,
      close: () => socket.close(),
    };
  };
}

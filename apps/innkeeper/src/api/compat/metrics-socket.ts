import { once } from 'node:events';
import type { WebSocket } from 'ws';
import type { ApiContext } from '../api-context.ts';
import { liveMetric } from './vm-metrics.ts';

const intervalMs = 1000;
/** While this much is unread, the client gets no further message. */
const maxBufferedBytes = 64 * 1024;

/** WebSocket /v1/vms/{vm}/metrics/ws: one JSON object a second, until the client disconnects. */
export async function serveMetrics(socket: WebSocket, { vm, signal }: ApiContext): Promise<void> {
  const send = (): void => {
    if (socket.bufferedAmount < maxBufferedBytes) socket.send(JSON.stringify(liveMetric(vm.describe())));
  };
  send();
  const timer = setInterval(send, intervalMs);
  try {
    await once(socket, 'close', { signal });
  } finally {
    clearInterval(timer);
  }
}

/** A thread that simulates browsers with the list open on a WebSocket. Reports what arrived to its parent. */
import { parentPort, workerData } from 'node:worker_threads';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LiveEventSchema, LiveRequestSchema } from '@innkeeper/contract/control';
import { WebSocket } from 'ws';

export interface LiveViewersData {
  readonly socketPath: string;
  readonly count: number;
}

/** What the viewers got since the last time it was told. */
export interface LiveViewersReport {
  readonly events: number;
  readonly bytes: number;
}

const { socketPath, count } = workerData as LiveViewersData;
let events = 0;
let bytes = 0;
await Promise.all(Array.from({ length: count }, open));
parentPort?.postMessage('open');
parentPort?.on('message', () => {
  const report: LiveViewersReport = { events, bytes };
  [events, bytes] = [0, 0];
  parentPort?.postMessage(report);
});

/** Resolves once the list has come: sorted by what changes all the time. */
async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws+unix:${socketPath}:/v1/live`, { perMessageDeflate: false });
  const value = { pageSize: 100, sort: '-cpu' };
  const request = create(LiveRequestSchema, { id: 1, request: { case: 'listVms', value } });
  socket.on('open', () => socket.send(toBinary(LiveRequestSchema, request)));
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      const { event } = fromBinary(LiveEventSchema, data);
      if (event.case !== 'listVms' || event.value.total === 0) reject(new Error(`not a list: ${event.case}`));
      events += 1;
      bytes += data.length;
      resolve();
    });
  });
  return socket;
}

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ExecEventSchema, type ExecRequest, ExecRequestSchema, OutputStream } from '@innkeeper/contract/agent';
import type { WebSocket } from 'ws';

type Event = NonNullable<MessageInitShape<typeof ExecEventSchema>['event']>;

/** The daemon's side of one exec socket, driven by a test. */
export interface FakeProcess {
  readonly socket: WebSocket;
  /** The next request of the client. */
  request(): Promise<ExecRequest['input']>;
  /** The next text message of the client. */
  control(): Promise<{ readonly type: string; readonly offset: string }>;
  send(event: Event): void;
  started(fields?: { readonly stdinOffset?: bigint; readonly attached?: boolean }): void;
  output(offset: number, text: string | Uint8Array, stream?: OutputStream): void;
  exit(code: number): void;
}

/** Attaches to the daemon's side of a socket. */
export function fakeProcess(socket: WebSocket): FakeProcess {
  const requests = inbox<ExecRequest['input']>();
  const controls = inbox<{ type: string; offset: string }>();
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) requests.put(fromBinary(ExecRequestSchema, data).input);
    else controls.put(JSON.parse(data.toString()) as { type: string; offset: string });
  });
  const send = (event: Event): void => socket.send(toBinary(ExecEventSchema, create(ExecEventSchema, { event })));
  return {
    socket,
    request: requests.take,
    control: controls.take,
    send,
    started: (fields = {}) => send({ case: 'started', value: { id: 'x', pid: 7, ...fields } }),
    output: (offset, text, stream = OutputStream.STDOUT) =>
      send({
        case: 'output',
        value: { offset: BigInt(offset), stream, data: typeof text === 'string' ? Buffer.from(text) : text },
      }),
    exit(code) {
      send({ case: 'exited', value: { status: { case: 'exitCode', value: code } } });
      socket.close(1000);
    },
  };
}

function inbox<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    take() {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item);
    },
  };
}

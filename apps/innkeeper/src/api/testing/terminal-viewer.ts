import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A viewer of a terminal over its WebSocket. */
export class TestViewer {
  readonly socket: WebSocket;
  readonly texts: Record<string, unknown>[] = [];
  /** All output since the last redraw of the screen, including it. */
  shown = '';
  bytes = 0;
  readonly closed: Promise<number>;

  constructor(url: string, { acknowledges = true, headers = {} }: { acknowledges?: boolean; headers?: object } = {}) {
    this.socket = new WebSocket(url, { headers: { ...headers } });
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        const text = JSON.parse(data.toString()) as Record<string, unknown>;
        this.texts.push(text);
        if (text['type'] === 'screen') this.shown = '';
        return;
      }
      this.bytes += data.length;
      this.shown = (this.shown + data.toString()).slice(-100_000);
      if (acknowledges) this.acknowledge(data.length);
    });
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
  }

  acknowledge(bytes: number): void {
    this.tell({ type: 'ack', bytes });
  }

  tell(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }

  /** The text messages of this type. */
  of(type: string): Record<string, unknown>[] {
    return this.texts.filter((text) => text['type'] === type);
  }

  async until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (!condition()) await once(this.socket, 'message', { signal });
  }
}

import { OperationError } from '@innkeeper/contract';
import { kib, mib } from '@innkeeper/kit';

/** Maximum output in flight to a viewer without acknowledgement. */
export const viewerWindowBytes = 256 * kib;
/** Maximum acknowledged output that waits in the daemon's memory for a slow connection. */
const maxBufferedBytes = 16 * mib;

/** The connection to a viewer. */
export interface ViewerConnection {
  sendText(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  readonly bufferedBytes: number;
  /** Whether the maximum number of messages wait, whatever their size. */
  readonly isFull: boolean;
  /** Closes the connection because the viewer violated the protocol. */
  fail(error: unknown): void;
}

/** A viewer of a terminal. */
export class Viewer {
  readonly #connection: ViewerConnection;
  #unacknowledged = 0;
  /** Whether output was skipped, so that a redraw is needed. */
  isStale = false;

  constructor(connection: ViewerConnection) {
    this.#connection = connection;
  }

  /** Whether the terminal should wait for this viewer. */
  get isBehind(): boolean {
    return this.#unacknowledged > viewerWindowBytes || this.#connection.isFull;
  }

  /** Whether a stale viewer has consumed everything that it was sent. */
  get isCaughtUp(): boolean {
    return this.#unacknowledged === 0;
  }

  /** Sends the whole screen, replacing what the viewer shows. */
  showScreen(columns: number, rows: number, drawing: Uint8Array): void {
    this.isStale = false;
    this.tell({ type: 'screen', columns, rows });
    this.#send(drawing);
  }

  /** Sends output; the bytes are copied. */
  showOutput(bytes: Uint8Array): void {
    if (this.isStale) return;
    this.#unacknowledged += bytes.length;
    this.#send(bytes);
  }

  tell(message: object): void {
    this.#connection.sendText(JSON.stringify(message));
  }

  acknowledge(bytes: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - bytes);
  }

  #send(bytes: Uint8Array): void {
    if (this.#connection.bufferedBytes > maxBufferedBytes)
      this.#connection.fail(new OperationError('SLOW_READER', 'The viewer acknowledged output that it did not read.'));
    else this.#connection.sendBytes(bytes);
  }
}

import { OperationError } from '@innkeeper/contract';
import { kib, mib } from '@innkeeper/kit';

/** Output on its way to a viewer that is not acknowledged. */
export const viewerWindowBytes = 256 * kib;
/** What may wait in our own memory for a connection that does not take it, though it is acknowledged. */
const maxBufferedBytes = 16 * mib;

/** Where a viewer's messages go. */
export interface ViewerConnection {
  sendText(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  readonly bufferedBytes: number;
  /** As many pieces wait as may, however small. */
  readonly isFull: boolean;
  /** It broke a rule: the connection ends. */
  fail(error: unknown): void;
}

/** One who looks at a terminal. */
export class Viewer {
  readonly #connection: ViewerConnection;
  #unacknowledged = 0;
  /** Output was left out; it needs a drawing of the screen. */
  isStale = false;

  constructor(connection: ViewerConnection) {
    this.#connection = connection;
  }

  /** Whether the terminal waits for it, for a while. */
  get isBehind(): boolean {
    return this.#unacknowledged > viewerWindowBytes || this.#connection.isFull;
  }

  /** Whether a stale one has taken all that it was sent. */
  get isCaughtUp(): boolean {
    return this.#unacknowledged === 0;
  }

  /** The whole screen, in place of all that it has seen. */
  showScreen(columns: number, rows: number, drawing: Uint8Array): void {
    this.isStale = false;
    this.tell({ type: 'screen', columns, rows });
    this.#send(drawing);
  }

  /** The bytes are not kept. */
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
      this.#connection.fail(new OperationError('SLOW_READER', 'The viewer acknowledges output that it does not read.'));
    else this.#connection.sendBytes(bytes);
  }
}

import { OperationError } from '@innkeeper/contract';
import type { ExecEvent } from '@innkeeper/contract/agent';
import type { RunOutputRow, RunRepository } from '@innkeeper/store';

/** Maximum bytes of a row. */
const rowBytes = 64 * 1024;
/** Maximum rows that wait to be written; output can arrive as single bytes of alternating streams. */
const maxPendingRows = 256;
const flushDelayMs = 500;
const rowsOfOneRead = 16;

export interface OutputLogOptions {
  readonly runs: RunRepository;
  readonly runId: string;
  readonly vmId: string;
  readonly keptBytes: number;
  readonly nextOffset: number;
  /** The limit that was requested from the agent; a guest that sends more misbehaves. */
  readonly maxBytes: number;
  /** Called when there is new output. */
  readonly onMore: () => void;
  /** Called with the error when output cannot be written or exceeds the limit. */
  readonly onError: (error: unknown) => void;
}

/** The retained output of one target: the newest in memory, the rest in the store. */
export class OutputLog {
  readonly #options: OutputLogOptions;
  #pending: RunOutputRow[] = [];
  /** Rows that are being written. They no longer change. */
  #sealed: RunOutputRow[] = [];
  #pendingBytes = 0;
  #keptBytes: number;
  #nextOffset: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: OutputLogOptions) {
    this.#options = options;
    this.#keptBytes = options.keptBytes;
    this.#nextOffset = options.nextOffset;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Offset of the first byte of the process's output that was not received yet. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Adds an output or gap event. Resolves when more is accepted: immediately, or when waiting rows were written. */
  async take(event: ExecEvent['event'], nowMs: number): Promise<void> {
    if (event.case === 'gap') this.#nextOffset = Number(event.value.offset + event.value.bytes);
    if (event.case !== 'output') return;
    const { data, stream, offset } = event.value;
    const { maxBytes } = this.#options;
    if (this.#keptBytes + data.length > maxBytes) {
      const why = `The guest sent more output than the requested limit of ${maxBytes} bytes.`;
      this.#options.onError(new OperationError('GUEST_MISBEHAVES', why));
      return;
    }
    this.#nextOffset = Number(offset) + data.length;
    const last = this.#pending.at(-1);
    if (last !== undefined && last.stream === stream && last.data.length + data.length <= rowBytes) {
      last.data = Buffer.concat([last.data, data]);
    } else {
      const { runId, vmId } = this.#options;
      this.#pending.push({
        run_id: runId,
        vm_id: vmId,
        start_offset: this.#keptBytes,
        stream,
        time_ms: nowMs,
        data: Buffer.from(data),
      });
    }
    this.#keptBytes += data.length;
    this.#pendingBytes += data.length;
    this.#options.onMore();
    if (this.#pendingBytes >= rowBytes || this.#pending.length >= maxPendingRows) await this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), flushDelayMs);
  }

  /** Writes pending output. Never rejects; failures are passed to `onError`. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  /** Output from an offset, in order and without gaps; at most a few rows, which no longer change. */
  async read(fromOffset: number): Promise<RunOutputRow[]> {
    const { runs, runId, vmId } = this.#options;
    for (;;) {
      const stored = await runs.output(runId, vmId, fromOffset, rowsOfOneRead);
      const rows = (stored.length > 0 ? stored : [...this.#sealed, ...this.#pending]).flatMap((row) =>
        cutRow(row, fromOffset),
      );
      // Output that was in memory at the time of the query may have been stored meanwhile; then the query is repeated.
      if (rows.length === 0 || rows[0]?.start_offset === fromOffset || this.#failed) return rows;
    }
  }

  async #flush(): Promise<void> {
    if (this.#failed || this.#pending.length === 0) return;
    this.#sealed = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const { runs, runId, vmId } = this.#options;
    const target = { runId, vmId, keptBytes: this.#keptBytes, nextOffset: this.#nextOffset };
    try {
      await runs.appendOutput(this.#sealed, target);
      this.#sealed = [];
    } catch (error) {
      this.#failed = true;
      this.#options.onError(error);
    }
  }
}

/** The part of a row after an offset. */
export function cutRow(row: RunOutputRow, fromOffset: number): RunOutputRow[] {
  const skip = fromOffset - row.start_offset;
  if (skip <= 0) return [{ ...row }];
  return skip >= row.data.length ? [] : [{ ...row, start_offset: fromOffset, data: row.data.subarray(skip) }];
}

import { OperationError } from '@innkeeper/contract';
import type { ExecEvent } from '@innkeeper/contract/agent';
import type { RunOutputRow, RunRepository } from '@innkeeper/store';

/** One row holds at most so much. */
const rowBytes = 64 * 1024;
/** So many rows wait at most: output can come in single bytes of either stream. */
const maxPendingRows = 256;
const flushDelayMs = 500;
const rowsOfOneRead = 16;

export interface OutputLogOptions {
  readonly runs: RunRepository;
  readonly runId: string;
  readonly vmId: string;
  readonly keptBytes: number;
  readonly nextOffset: number;
  /** What the agent was asked to keep to; a guest that sends more misbehaves. */
  readonly maxBytes: number;
  /** Called when there is more to read. */
  readonly onMore: () => void;
  /** Called with what went wrong when output cannot be written, or is more than was asked for. */
  readonly onError: (error: unknown) => void;
}

/** The kept output of one target: a little of it in memory, the rest in the store. */
export class OutputLog {
  readonly #options: OutputLogOptions;
  #pending: RunOutputRow[] = [];
  /** On their way to the store. They are not added to any more. */
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

  /** First byte of the process's output that was not seen yet. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Takes an output or gap event. Resolves when more may come: at once, or when what waits was written. */
  async take(event: ExecEvent['event'], nowMs: number): Promise<void> {
    if (event.case === 'gap') this.#nextOffset = Number(event.value.offset + event.value.bytes);
    if (event.case !== 'output') return;
    const { data, stream, offset } = event.value;
    const { maxBytes } = this.#options;
    if (this.#keptBytes + data.length > maxBytes) {
      const why = `The guest sent more output than the ${maxBytes} bytes asked for.`;
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

  /** Writes what is pending. Never rejects; a failure was told to `onError`. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  /** Output from an offset on, in order and without a hole; at most a few rows. They do not change any more. */
  async read(fromOffset: number): Promise<RunOutputRow[]> {
    const { runs, runId, vmId } = this.#options;
    for (;;) {
      const stored = await runs.output(runId, vmId, fromOffset, rowsOfOneRead);
      const rows = (stored.length > 0 ? stored : [...this.#sealed, ...this.#pending]).flatMap((row) =>
        cutRow(row, fromOffset),
      );
      // What was in memory when the store was asked may have been stored by the time of its answer: then it is asked again.
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

/** What of a row lies after an offset. */
export function cutRow(row: RunOutputRow, fromOffset: number): RunOutputRow[] {
  const skip = fromOffset - row.start_offset;
  if (skip <= 0) return [{ ...row }];
  return skip >= row.data.length ? [] : [{ ...row, start_offset: fromOffset, data: row.data.subarray(skip) }];
}

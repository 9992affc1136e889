import type { ExecEventSchema, ExecRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { LiteWriter } from '@innkeeper/contract/lite';
import type { CallContext } from '../dispatch.ts';
import type { Clock } from '../host.ts';
import type { ManagedProcess, ProcessRecord, Reader } from './managed-process.ts';
import { unreadLimitBytes } from './output-ring.ts';

/** A reader that takes nothing for this long, while the process waits for it, is detached. */
const stallMs = 30_000;
/** A reader whose session was lost keeps its place as long: a daemon that restarts finds everything. */
const returnMs = 30_000;

/** One follower of a process: sends its output from an offset on, then how it ended. */
export class ExecCall implements Reader {
  acknowledgedOffset: number;
  readonly #process: ManagedProcess;
  readonly #context: CallContext<typeof ExecEventSchema>;
  readonly #clock: Clock;
  #sentOffset: number;
  #stdinTold = 0;
  #waiting: (() => void) | undefined;
  #stalled = false;
  #takeBackStall: (() => void) | undefined;

  constructor(process: ManagedProcess, context: CallContext<typeof ExecEventSchema>, clock: Clock, fromOffset: number) {
    this.#process = process;
    this.#context = context;
    this.#clock = clock;
    this.#sentOffset = fromOffset;
    this.acknowledgedOffset = fromOffset;
  }

  wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** Resolves when the end was sent. Rejects with SLOW_READER, or the signal's reason. */
  async run(attached: boolean): Promise<void> {
    const { send, sink, signal } = this.#context;
    const { stdin } = this.#process;
    const onAbort = (): void => this.wake();
    sink.onAcknowledged = () => this.#onAcknowledged();
    if (stdin !== undefined) stdin.onAccepted = () => this.wake();
    signal.addEventListener('abort', onAbort);
    this.#process.addReader(this);
    try {
      await send({
        event: {
          case: 'started',
          value: {
            id: this.#process.id,
            pid: this.#process.pid,
            stdinOffset: BigInt(stdin?.receivedOffset ?? 0),
            oldestOffset: BigInt(this.#process.ring.oldestOffset),
            attached,
          },
        },
      });
      await this.#follow();
      this.#process.removeReader(this);
    } catch (error) {
      this.#leave();
      throw error;
    } finally {
      this.#takeBackStall?.();
      signal.removeEventListener('abort', onAbort);
      sink.onAcknowledged = undefined;
    }
  }

  async #follow(): Promise<void> {
    const { signal, send } = this.#context;
    for (;;) {
      signal.throwIfAborted();
      if (this.#stalled) throw new OperationError('SLOW_READER', `Nothing was read for ${stallMs / 1000} s.`);
      if (await this.#sendOutput()) continue;
      if (await this.#sendStdinAccepted()) continue;
      const { record } = this.#process;
      if (record !== undefined) {
        await send({ event: { case: 'exited', value: exitedEvent(record) } });
        return;
      }
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Sends the next gap or segment; false when there is nothing. */
  async #sendOutput(): Promise<boolean> {
    const { ring } = this.#process;
    const { sink, send } = this.#context;
    if (this.#sentOffset >= ring.nextOffset) return false;
    this.#armStall();
    if (this.#sentOffset < ring.oldestOffset) {
      const bytes = ring.oldestOffset - this.#sentOffset;
      await send({ event: { case: 'gap', value: { offset: BigInt(this.#sentOffset), bytes: BigInt(bytes) } } });
      this.#sentOffset += bytes;
    } else {
      this.#sentOffset += await sink.sendBulk(
        60_000,
        (into) => {
          const segment = ring.read(this.#sentOffset, into.length);
          if (segment === undefined) return 0;
          into.set(segment.data);
          this.#stream = segment.stream;
          return segment.data.length;
        },
        (count) => outputPrefix(this.#sentOffset, this.#stream, count),
      );
    }
    this.#onAcknowledged();
    return true;
  }

  #stream: 1 | 2 = 1;

  async #sendStdinAccepted(): Promise<boolean> {
    const accepted = this.#process.stdin?.acceptedOffset ?? 0;
    if (accepted === this.#stdinTold) return false;
    this.#stdinTold = accepted;
    await this.#context.send({ event: { case: 'stdinAccepted', value: BigInt(accepted) } });
    return true;
  }

  #onAcknowledged(): void {
    this.#takeBackStall?.();
    this.#takeBackStall = undefined;
    this.acknowledgedOffset = Math.max(
      this.acknowledgedOffset,
      this.#sentOffset - this.#context.sink.unacknowledgedBytes,
    );
    this.#process.trim();
  }

  /** Counts from the first moment in which the process may wait for this reader. */
  #armStall(): void {
    if (this.#takeBackStall !== undefined || this.#process.ring.nextOffset - this.acknowledgedOffset < unreadLimitBytes)
      return;
    this.#takeBackStall = this.#clock.setTimer(stallMs, () => {
      this.#stalled = true;
      this.#process.removeReader(this);
      this.wake();
    });
  }

  /** The session is gone. What was sent may not have arrived, so the place is kept for a while. */
  #leave(): void {
    if (this.#stalled || this.#process.record !== undefined) {
      this.#process.removeReader(this);
      return;
    }
    this.#clock.setTimer(returnMs, () => this.#process.removeReader(this));
  }
}

/** ExecEvent.output up to its data, which comes last: field 2 { 1 offset, 2 stream, 3 data }. */
function outputPrefix(offset: number, stream: 1 | 2, count: number): Uint8Array {
  const inner = new LiteWriter();
  if (offset > 0) {
    inner.varint(0x08);
    inner.varint(offset);
  }
  inner.varint(0x10);
  inner.varint(stream);
  inner.varint(0x1a);
  inner.varint(count);
  const outer = new LiteWriter();
  outer.varint(0x12);
  outer.varint(inner.length + count);
  outer.bytes(inner.finish());
  return outer.finish();
}

/** A record as its message. */
export function exitedEvent(record: ProcessRecord) {
  const { exit } = record;
  return {
    status:
      exit.signal === undefined
        ? { case: 'exitCode' as const, value: exit.exitCode ?? 0 }
        : { case: 'signal' as const, value: exit.signal },
    ending: record.ending,
    truncated: record.truncated,
    stdoutBytes: BigInt(record.stdoutBytes),
    stderrBytes: BigInt(record.stderrBytes),
    durationMs: BigInt(record.durationMs),
    orphansLeft: record.orphansLeft,
    userTimeUs: BigInt(exit.userTimeUs),
    systemTimeUs: BigInt(exit.systemTimeUs),
    maxRssBytes: BigInt(exit.maxRssBytes),
  };
}

/** Carries out what a follower asks of the process, in order, until the input ends. */
export async function feedProcess(process: ManagedProcess, input: AsyncIterator<ExecRequest>): Promise<void> {
  for (;;) {
    const next = await input.next();
    if (next.done === true) return;
    const request = next.value.input;
    switch (request.case) {
      case 'stdin': {
        if (process.stdin === undefined)
          throw new OperationError('STDIN_CLOSED', 'This process was started without standard input.');
        await process.stdin.take(Number(request.value.offset), request.value.data, request.value.end);
        break;
      }
      case 'resize':
        process.resize(request.value.columns, request.value.rows);
        break;
      case 'signal':
        process.signal(request.value, false);
        break;
      default:
        throw new OperationError('INVALID_ARGUMENT', 'start and attach come first and once.');
    }
  }
}

import type { ExecEventSchema } from '@innkeeper/contract/agent';
import { OutputStream } from '@innkeeper/contract/agent-lite';
import { createDeferred, onAbort } from '@innkeeper/kit';
import type { CallContext } from '../dispatch.ts';
import { exitedEvent, outputPrefix } from './exec-events.ts';
import type { ManagedProcess, Reader } from './managed-process.ts';

/**
 * A follower of a process: sends its output from an offset on, then how the process ended. The process waits for it
 * however long it reads nothing; only a follower whose session is gone loses its position.
 */
export class ExecCall implements Reader {
  readonly #process: ManagedProcess;
  readonly #context: CallContext<typeof ExecEventSchema>;
  readonly #stopped = createDeferred<never>();
  #stopReason: unknown;
  #sentOffset: number;
  #acknowledgedOffset: number;
  #stdinReported = 0;
  #stream: OutputStream = OutputStream.STDOUT;
  #woken = false;
  #sleeping: (() => void) | undefined;

  constructor(process: ManagedProcess, context: CallContext<typeof ExecEventSchema>, fromOffset: number) {
    this.#process = process;
    this.#context = context;
    this.#sentOffset = fromOffset;
    this.#acknowledgedOffset = fromOffset;
    // The rejection is handled in `run`, which may not have been called yet.
    this.#stopped.promise.catch(() => undefined);
  }

  get acknowledgedOffset(): number {
    return this.#acknowledgedOffset;
  }

  wake(): void {
    this.#woken = true;
    this.#sleeping?.();
  }

  /** Ends the call with this error, even while it waits to send. */
  stop(reason: unknown): void {
    this.#stopReason ??= reason;
    this.#stopped.reject(this.#stopReason);
    this.wake();
  }

  /** Resolves when the end was sent. Rejects with the error passed to `stop`, or the signal's reason. */
  run(attached: boolean): Promise<void> {
    return Promise.race([this.#run(attached), this.#stopped.promise]);
  }

  async #run(attached: boolean): Promise<void> {
    const { send, sink, signal } = this.#context;
    const process = this.#process;
    sink.onAcknowledged = () => this.#onAcknowledged();
    const stopListening = onAbort(signal, (reason) => this.stop(reason));
    process.addReader(this);
    try {
      const { id, pid, ring, stdin } = process;
      const offsets = { stdinOffset: BigInt(stdin?.receivedOffset ?? 0), oldestOffset: BigInt(ring.oldestOffset) };
      await send({ event: { case: 'started', value: { id, pid, ...offsets, attached } } });
      await this.#follow();
      process.removeReader(this);
    } catch (error) {
      process.leaveReader(this);
      throw error;
    } finally {
      stopListening();
      sink.onAcknowledged = undefined;
    }
  }

  async #follow(): Promise<void> {
    for (;;) {
      if (this.#stopReason !== undefined) throw this.#stopReason;
      this.#woken = false;
      if ((await this.#sendOutput()) || (await this.#sendStdinAccepted())) continue;
      const { record } = this.#process;
      if (record !== undefined) {
        await this.#context.sendLast({ event: { case: 'exited', value: exitedEvent(record) } });
        return;
      }
      if (!this.#woken) await new Promise<void>((resolve) => (this.#sleeping = resolve));
    }
  }

  /** Sends the next gap or segment; false if there is none. */
  async #sendOutput(): Promise<boolean> {
    const { ring } = this.#process;
    if (this.#sentOffset >= ring.nextOffset) return false;
    if (this.#sentOffset < ring.oldestOffset) {
      const bytes = ring.oldestOffset - this.#sentOffset;
      const gap = { offset: BigInt(this.#sentOffset), bytes: BigInt(bytes) };
      this.#sentOffset += bytes;
      await this.#context.send({ event: { case: 'gap', value: gap } });
    } else {
      this.#sentOffset += await this.#context.sink.sendBulk(
        Number.MAX_SAFE_INTEGER,
        (into) => this.#fill(into),
        (count) => outputPrefix(this.#sentOffset, this.#stream, count),
      );
    }
    this.#onAcknowledged();
    return true;
  }

  /** Called when its turn has come: returns nothing if the ring has dropped this position meanwhile. */
  #fill(into: Uint8Array): number {
    const { ring } = this.#process;
    const segment = this.#sentOffset < ring.oldestOffset ? undefined : ring.read(this.#sentOffset, into.length);
    if (segment === undefined) return 0;
    into.set(segment.data);
    this.#stream = segment.stream;
    return segment.data.length;
  }

  async #sendStdinAccepted(): Promise<boolean> {
    const accepted = this.#process.stdin?.acceptedOffset ?? 0;
    if (accepted === this.#stdinReported) return false;
    this.#stdinReported = accepted;
    await this.#context.send({ event: { case: 'stdinAccepted', value: BigInt(accepted) } });
    return true;
  }

  #onAcknowledged(): void {
    const { unacknowledgedBytes } = this.#context.sink;
    this.#acknowledgedOffset = Math.max(this.#acknowledgedOffset, this.#sentOffset - unacknowledgedBytes);
    this.#process.trim();
  }
}

import { Duplex } from 'node:stream';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentLink } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { ConnectRequestSchema } from '@innkeeper/contract/agent';
import { TunnelServiceLite } from '@innkeeper/contract/agent-lite';
import { kib, type LinkedAbort, linkSignals, Notifier } from '@innkeeper/kit';
import type { TunnelTarget } from './tunnel-target.ts';

const pieceBytes = 60 * kib;

/** A connection to a program of a guest, as a stream of Node. Destroying it closes the connection. */
export class GuestStream extends Duplex {
  readonly #linked: LinkedAbort;
  readonly #changes = new Notifier();
  #waiting: { readonly data: Buffer; readonly taken: () => void } | undefined;
  #isEnded = false;
  #mayPush = false;

  private constructor(signal: AbortSignal) {
    super({ allowHalfOpen: true });
    this.#linked = linkSignals(signal);
  }

  /** Resolves when the program has accepted the connection. */
  static async connect(agent: AgentLink, target: TunnelTarget, signal: AbortSignal): Promise<GuestStream> {
    const stream = new GuestStream(signal);
    // What breaks later reaches those who read or write.
    stream.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      stream.#carry(agent, target, resolve).catch((error: unknown) => {
        reject(error);
        stream.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
    return stream;
  }

  override _write(data: Buffer, _encoding: string, taken: () => void): void {
    this.#waiting = { data, taken };
    this.#changes.notify();
  }

  override _final(done: () => void): void {
    this.#isEnded = true;
    this.#changes.notify();
    done();
  }

  override _read(): void {
    this.#mayPush = true;
    this.#changes.notify();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#linked.abort(error ?? new OperationError('CANCELED', 'The connection was closed.'));
    this.#linked.unlink();
    done(error);
  }

  async #carry(agent: AgentLink, target: TunnelTarget, opened: () => void): Promise<void> {
    const { signal } = this.#linked;
    for await (const { event } of agent.stream(TunnelServiceLite.connect, this.#requests(target), { signal })) {
      if (event.case === 'opened') opened();
      else if (event.case === 'ended') this.push(null);
      else if (event.case === 'data') {
        if (event.value.length === 0) throw new OperationError('GUEST_MISBEHAVES', 'A tunnel sent empty data.');
        await this.#changes.until(() => this.#mayPush, signal);
        this.#mayPush = this.push(event.value);
      }
    }
  }

  async *#requests(target: TunnelTarget): AsyncGenerator<MessageInitShape<typeof ConnectRequestSchema>> {
    yield { input: { case: 'open', value: target } };
    for (;;) {
      const waiting = this.#waiting;
      if (waiting !== undefined) {
        this.#waiting = undefined;
        for (let at = 0; at < waiting.data.length; at += pieceBytes)
          yield { input: { case: 'data', value: waiting.data.subarray(at, at + pieceBytes) } };
        waiting.taken();
      } else if (this.#isEnded) return;
      else await this.#changes.changed(this.#linked.signal);
    }
  }
}

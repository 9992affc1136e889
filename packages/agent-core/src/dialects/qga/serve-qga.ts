import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import type { Channel } from '@innkeeper/kit';
import {
  errorAnswer,
  idOf,
  type JsonValue,
  printJson,
  QgaError,
  type QgaIncoming,
  QgaReceiver,
  readRequest,
  returnAnswer,
} from '@innkeeper/wire';
import type { OperationTable } from '../../dispatch.ts';
import type { ServingContext } from '../../serving/dialect.ts';
import { readUntilAborted, runSession, type Session } from '../../serving/run-session.ts';
import { execute } from './execute.ts';
import { type QgaState, qgaStateOf } from './qga-state.ts';

/** Before the answer to guest-sync-delimited: no text has this byte. */
const sentinel = new Uint8Array([0xff]);

/**
 * Serves QGA on a channel until the peer is gone or the signal is aborted. Requests are carried out one after the
 * other, in the order of their arrival, as the peer expects. What it started goes on without it.
 */
export function serveQga(channel: Channel, table: OperationTable, context: ServingContext): Promise<void> {
  return runSession(context.signal, (signal) => new QgaSession(channel, table, context, signal));
}

class QgaSession implements Session {
  readonly #channel: Channel;
  readonly #table: OperationTable;
  readonly #context: ServingContext;
  readonly #state: QgaState;
  readonly #signal: AbortSignal;
  readonly #receiver: QgaReceiver;
  readonly #encoder = new TextEncoder();

  constructor(channel: Channel, table: OperationTable, context: ServingContext, signal: AbortSignal) {
    this.#channel = channel;
    this.#table = table;
    this.#context = context;
    this.#state = qgaStateOf(context);
    this.#signal = signal;
    this.#receiver = new QgaReceiver(context.host.bytes);
  }

  async run(): Promise<void> {
    const { firstBytes } = this.#context;
    if (firstBytes !== undefined) await this.#take(firstBytes);
    while (!this.#signal.aborted) {
      const bytes = await readUntilAborted(this.#channel, this.#signal);
      if (bytes === undefined) return;
      await this.#take(bytes);
    }
  }

  /** Nothing is written but answers, and those are complete when `run` has ended. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #take(bytes: Uint8Array): Promise<void> {
    for (const incoming of this.#receiver.push(bytes)) {
      await this.#handle(incoming);
      if (this.#signal.aborted) return;
    }
  }

  async #handle(incoming: QgaIncoming): Promise<void> {
    if (incoming.type === 'content') return;
    if (incoming.type === 'error') await this.#send(errorAnswer(new QgaError(incoming.problem)));
    else await this.#answer(incoming.value);
  }

  async #answer(value: JsonValue): Promise<void> {
    const id = idOf(value);
    try {
      const request = readRequest(value);
      const { freeze } = this.#context;
      const options = { state: this.#state, dispatcher: this.#table, freeze, signal: this.#signal };
      const result = await execute(request, options);
      if (result === undefined) return;
      if (request.execute === 'guest-sync-delimited') await this.#channel.write(sentinel);
      await this.#send(returnAnswer(result, id));
    } catch (error) {
      if (this.#signal.aborted) return;
      await this.#send(errorAnswer(this.#asQgaError(error), id));
    }
  }

  #asQgaError(error: unknown): QgaError {
    if (error instanceof QgaError) return error;
    if (!isOperationError(error)) this.#context.log.error('qga.failed', { error: String(error) });
    return new QgaError(OperationError.from(error).message);
  }

  async #send(answer: JsonValue): Promise<void> {
    await this.#channel.write(this.#encoder.encode(`${printJson(answer)}\n`));
  }
}

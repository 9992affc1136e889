import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import { type Channel, errorMessage } from '@innkeeper/kit';
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
import { Spool } from '../../file/spool.ts';
import type { ServingContext } from '../../serving/dialect.ts';
import { readUntilAborted, runSession, type Session } from '../../serving/run-session.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { ContentSession } from './content-command.ts';
import { execute } from './execute.ts';
import { type QgaState, qgaStateOf } from './qga-state.ts';

/** Before the answer to guest-sync-delimited: no text has this byte. */
const sentinel = new Uint8Array([0xff]);

/**
 * Errors in a row after which a peer is taken to speak something else. Each byte of garbage can be answered by 60 of an
 * error, which nobody should have to wait for.
 */
const maxErrorsInARow = 256;

/**
 * Serves QGA on a channel until the peer is gone, sends nothing but garbage, or the signal is aborted. Requests are carried out one after the
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
  readonly #writer: AnswerWriter;
  /** The content of the request that arrives. */
  #content: Spool | undefined;
  /** Why it could not be kept. */
  #lost: string | undefined;
  #errorsInARow = 0;

  constructor(channel: Channel, table: OperationTable, context: ServingContext, signal: AbortSignal) {
    this.#channel = channel;
    this.#table = table;
    this.#context = context;
    this.#state = qgaStateOf(context, table);
    this.#signal = signal;
    this.#receiver = new QgaReceiver(context.host.bytes);
    this.#writer = new AnswerWriter(channel, context.host.bytes);
  }

  async run(): Promise<void> {
    const { firstBytes } = this.#context;
    if (firstBytes !== undefined) await this.#take(firstBytes);
    while (!this.#signal.aborted && !this.#isGarbage) {
      const bytes = await readUntilAborted(this.#channel, this.#signal);
      if (bytes === undefined) return;
      await this.#take(bytes);
    }
  }

  /** Nothing is written but answers, and those are complete when `run` has ended. */
  close(): Promise<void> {
    this.#dropContent();
    return Promise.resolve();
  }

  get #isGarbage(): boolean {
    return this.#errorsInARow >= maxErrorsInARow;
  }

  async #take(bytes: Uint8Array): Promise<void> {
    for (const incoming of this.#receiver.push(bytes)) {
      await this.#handle(incoming);
      if (this.#signal.aborted || this.#isGarbage) return;
    }
  }

  async #handle(incoming: QgaIncoming): Promise<void> {
    if (incoming.type === 'content') {
      await this.#keep(incoming.bytes);
      return;
    }
    this.#errorsInARow = incoming.type === 'error' ? this.#errorsInARow + 1 : 0;
    if (incoming.type === 'error') await this.#writer.value(errorAnswer(new QgaError(incoming.problem)));
    else await this.#answer(incoming.value);
    this.#dropContent();
  }

  /** While frozen nothing can be written, and no command with a content is allowed. */
  async #keep(bytes: Uint8Array): Promise<void> {
    if (this.#lost !== undefined) return;
    try {
      this.#content ??= new Spool(this.#context.host);
      if (this.#context.freeze.isFrozen) this.#lost = 'file systems are frozen';
      else await this.#content.append(bytes, this.#signal);
    } catch (error) {
      this.#lost = errorMessage(error);
    }
  }

  #dropContent(): void {
    this.#content?.close();
    this.#content = undefined;
    this.#lost = undefined;
  }

  async #answer(value: JsonValue): Promise<void> {
    const id = idOf(value);
    const releases: (() => void)[] = [];
    try {
      const request = readRequest(value);
      const result = await execute(request, this.#state, this.#sessionFor(releases));
      if (result === undefined) return;
      const first = request.execute === 'guest-sync-delimited' ? sentinel : undefined;
      if (typeof result === 'function') await result(id === undefined ? '' : `, "id": ${printJson(id)}`);
      else await this.#writer.value(returnAnswer(result, id), first);
    } catch (error) {
      if (this.#signal.aborted) return;
      await this.#writer.value(errorAnswer(this.#asQgaError(error), id));
    } finally {
      for (const release of releases) release();
    }
  }

  #sessionFor(releases: (() => void)[]): ContentSession {
    const { host } = this.#context;
    return {
      execs: this.#state.execs,
      freshId: this.#state.freshId,
      dispatcher: this.#table,
      host,
      signal: this.#signal,
      writer: this.#writer,
      takeContent: () => {
        if (this.#lost !== undefined) throw new QgaError(`The content of the request could not be kept: ${this.#lost}`);
        const content = this.#content ?? new Spool(host);
        this.#content = undefined;
        return content;
      },
      afterwards: (release) => releases.push(release),
    };
  }

  #asQgaError(error: unknown): QgaError {
    if (error instanceof QgaError) return error;
    if (!isOperationError(error)) this.#context.log.error('qga.failed', { error: String(error) });
    return new QgaError(OperationError.from(error).message);
  }
}

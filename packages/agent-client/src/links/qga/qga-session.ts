import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, cleanText, errorMessage, mib, Semaphore, withDeadline } from '@innkeeper/kit';
import { type QgaAnswer, QgaAnswers, qgaRequest, qgaSyncRequest } from '@innkeeper/wire';
import type { LinkClock } from '../../clock.ts';
import { misbehaves } from '../../guest-claims.ts';
import { qgaError } from './qga-error.ts';

/** Milliseconds that the agent has to answer a sync: longer than libvirt's, which another client may be using. */
const syncTimeoutMs = 6_000;
/** Default limits of one command. */
const commandTimeoutMs = 15_000;
const answerBytes = 4 * mib;

export interface QgaCallOptions {
  /** Largest answer in bytes. Default: 4 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default: 15 s. */
  readonly timeoutMs?: number | undefined;
  /** Answers nothing on success: the end of the connection, or silence for this long, is the success. */
  readonly silentMs?: number | undefined;
}

/** Asks one command within an exchange. */
export type QgaCall = <T = unknown>(
  command: string,
  arguments_?: Readonly<Record<string, unknown>>,
  options?: QgaCallOptions,
) => Promise<T>;

/** Ways to ask a QGA agent. One exchange at a time. */
export interface QgaExchanges {
  /** Bytes of a file that one write carries. */
  readonly writeBytes: number;
  /** Runs `work`, which may ask several commands, one after the other. */
  exchange<T>(signal: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T>;
  /** One command in an exchange of its own. */
  call<T = unknown>(
    signal: AbortSignal,
    command: string,
    arguments_?: Readonly<Record<string, unknown>>,
    options?: QgaCallOptions,
  ): Promise<T>;
}

/** A single command, by an exchange of it alone. */
export abstract class QgaExchanger implements QgaExchanges {
  abstract readonly writeBytes: number;

  abstract exchange<T>(signal: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T>;

  async call<T = unknown>(
    signal: AbortSignal,
    command: string,
    arguments_: Readonly<Record<string, unknown>> = {},
    options: QgaCallOptions = {},
  ): Promise<T> {
    return await this.exchange(signal, async (call) => await call<T>(command, arguments_, options));
  }
}

/**
 * Exchanges with an agent that serves one client at a time: connects, synchronises, asks, and releases the socket, since
 * others use it. One exchange at a time.
 */
export class QgaSession extends QgaExchanger {
  readonly writeBytes = mib;
  readonly #connect: (signal: AbortSignal) => Promise<Channel>;
  readonly #clock: LinkClock;
  readonly #turn = new Semaphore(1);

  constructor(connect: (signal: AbortSignal) => Promise<Channel>, clock: LinkClock) {
    super();
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Runs `work`, which may ask several commands, one after the other. */
  async exchange<T>(signal: AbortSignal, work: (call: QgaCall) => Promise<T>): Promise<T> {
    return await this.#turn.run(async () => {
      const channel = await this.#open(signal);
      try {
        const exchange = new Exchange(channel, this.#clock, signal);
        await exchange.sync();
        return await work((command, arguments_, options) => exchange.call(command, arguments_, options) as never);
      } finally {
        // A channel that cannot be closed is already gone.
        await channel.close().catch(() => undefined);
      }
    }, signal);
  }

  async #open(signal: AbortSignal): Promise<Channel> {
    try {
      return await this.#connect(signal);
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(`its socket cannot be opened: ${errorMessage(error)}`);
    }
  }
}

class Exchange {
  readonly #channel: Channel;
  readonly #clock: LinkClock;
  readonly #signal: AbortSignal;
  readonly #answers = new QgaAnswers();
  #pending: QgaAnswer[] = [];
  #isOver = false;

  constructor(channel: Channel, clock: LinkClock, signal: AbortSignal) {
    this.#channel = channel;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Drops what was meant for earlier clients: their answers may be in the channel still. */
  async sync(): Promise<void> {
    const id = 1 + Math.floor(Math.random() * (2 ** 31 - 2));
    this.#answers.seek();
    this.#answers.expect(answerBytes);
    const silent = `it did not answer a sync within ${syncTimeoutMs / 1000} s: it is not running, is busy, or another program holds its socket`;
    await this.#within(syncTimeoutMs, silent, async (signal) => {
      await this.#channel.write(qgaSyncRequest(id));
      // A sync of an earlier client may be answered first.
      for (;;) {
        const answer = await this.#next(signal);
        if (answer.type === 'return' && answer.value === id) return;
        if (answer.type === 'malformed') this.#answers.seek();
      }
    });
  }

  async call(
    command: string,
    arguments_: Readonly<Record<string, unknown>> = {},
    { maxBytes = answerBytes, timeoutMs = commandTimeoutMs, silentMs }: QgaCallOptions = {},
  ): Promise<unknown> {
    if (this.#isOver) throw new Error('The exchange is over.');
    this.#answers.expect(maxBytes);
    const silent = `it did not answer ${command} within ${timeoutMs / 1000} s`;
    const answer = await this.#within(silentMs ?? timeoutMs, silent, async (signal) => {
      await this.#channel.write(qgaRequest(command, arguments_));
      return await this.#next(signal);
    }).catch((error: unknown) => {
      // What comes later would be taken for the answer to the next command.
      this.#isOver = true;
      if (silentMs !== undefined && !this.#signal.aborted) return { type: 'return', value: {} } as const;
      throw error;
    });
    if (answer.type === 'malformed') {
      this.#isOver = true;
      throw misbehaves(`${command}: ${answer.why}`);
    }
    if (answer.type === 'error') throw qgaError(command, answer);
    return answer.value;
  }

  async #next(signal: AbortSignal): Promise<QgaAnswer> {
    for (;;) {
      const answer = this.#pending.shift();
      if (answer !== undefined) return answer;
      const bytes = await this.#channel.read({ signal });
      if (bytes === undefined) throw unreachable('it closed the connection');
      this.#pending = this.#answers.push(bytes);
    }
  }

  async #within<T>(timeoutMs: number, why: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = (): OperationError => unreachable(why);
    return await withDeadline({ timers: this.#clock, timeoutMs, signal: this.#signal, late }, work);
  }
}

function unreachable(why: string): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The QEMU guest agent does not answer: ${cleanText(why, 300)}.`);
}

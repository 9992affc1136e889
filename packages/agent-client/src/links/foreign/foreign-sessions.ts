import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred, errorMessage, type Log, orAborted, pause, withDeadline } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import type { ForeignAgent, ForeignFacts, ForeignTelemetry } from './foreign-agent.ts';

/** Milliseconds that finding the agent may take, and one sample. */
const openTimeoutMs = 20_000;
const sampleTimeoutMs = 30_000;
/** And the answer to a ping, of an agent whose sample is late. */
const pingTimeoutMs = 15_000;
/** Milliseconds until an agent that was not found is looked for again: doubled up to the maximum. */
const firstRetryMs = 500;
const maxRetryMs = 10_000;

/** What the agent was asked for did not come in time. */
class LateError extends Error {}

export interface ForeignSessionsOptions {
  readonly agent: ForeignAgent;
  readonly clock: LinkClock;
  readonly log: Log;
  readonly sampleMs: number;
  readonly onFound: (facts: ForeignFacts) => void;
  readonly onLost: (reason: string) => void;
  readonly onSample: (telemetry: ForeignTelemetry) => void;
}

/** Finds the agent, asks it for its figures again and again, and finds it once more after it was lost. */
export class ForeignSessions {
  readonly #options: ForeignSessionsOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #facts: ForeignFacts | undefined;
  #next: Deferred<ForeignFacts> = createDeferred();
  lastSeenMs: number | undefined;
  /** Why the agent was not found or was lost; empty while it answers. */
  whyNot = '';

  constructor(options: ForeignSessionsOptions) {
    this.#options = options;
    this.#next.promise.catch(() => undefined);
    this.#done = this.#run();
  }

  /** What the agent that answers now said; undefined while none does. */
  get facts(): ForeignFacts | undefined {
    return this.#facts;
  }

  /** The facts of the agent that answers, or of the next one. Rejects with the signal's reason. */
  async ready(signal: AbortSignal): Promise<ForeignFacts> {
    signal.throwIfAborted();
    return this.#facts ?? (await orAborted(this.#next.promise, signal));
  }

  /** The agent has just answered something. */
  seen(): void {
    this.lastSeenMs = this.#options.clock.nowMs();
  }

  async close(): Promise<void> {
    const reason = new OperationError('CANCELED', 'The link to this agent was closed.');
    this.#stop.abort(reason);
    this.#next.reject(reason);
    await this.#options.agent.end?.();
    await this.#options.agent.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#options;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        await this.#open();
        retryMs = firstRetryMs;
        const reason = await this.#follow();
        if (signal.aborted) break;
        this.#facts = undefined;
        this.whyNot = reason;
        log.info('agent.lost', { why: reason });
        this.#options.onLost(reason);
      } catch (error) {
        if (signal.aborted) break;
        this.whyNot = errorMessage(error);
        log.debug('agent.not-found', { why: this.whyNot });
      }
      // Its connection, if it has one, is of no use any more.
      await this.#options.agent.close();
      await pause(clock, retryMs, signal);
      retryMs = Math.min(maxRetryMs, retryMs * 2);
    }
  }

  async #open(): Promise<void> {
    const { agent } = this.#options;
    const facts = await this.#inTime(openTimeoutMs, (signal) => agent.open(signal));
    this.seen();
    this.#facts = facts;
    this.whyNot = '';
    const waiting = this.#next;
    this.#next = createDeferred();
    this.#next.promise.catch(() => undefined);
    waiting.resolve(facts);
    this.#options.log.info('agent.connected', { version: facts.version });
    this.#options.onFound(facts);
  }

  /** Samples until one fails; resolves to why. */
  async #follow(): Promise<string> {
    const { clock, onSample, sampleMs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const telemetry = await this.#sample();
        this.seen();
        if (telemetry !== undefined) onSample(telemetry);
      } catch (error) {
        return errorMessage(error);
      }
      await pause(clock, sampleMs, signal);
    }
    return '';
  }

  /** Undefined if it is late, and the agent answers all the same: some report less often than that. */
  async #sample(): Promise<ForeignTelemetry | undefined> {
    const { agent } = this.#options;
    try {
      return await this.#inTime(sampleTimeoutMs, (signal) => agent.sample(signal));
    } catch (error) {
      if (!(error instanceof LateError)) throw error;
      await this.#inTime(pingTimeoutMs, (signal) => agent.ping(signal));
      return undefined;
    }
  }

  #inTime<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = (): Error => new LateError(`The agent did not answer within ${timeoutMs / 1000} s.`);
    return withDeadline({ timers: this.#options.clock, timeoutMs, signal: this.#stop.signal, late }, work);
  }
}

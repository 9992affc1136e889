import { hostClock } from '@innkeeper/agent-client';
import type { Vm } from '@innkeeper/contract/control';
import { errorMessage, type Log, withDeadline } from '@innkeeper/kit';
import { remoteSamples } from './remote-samples.ts';
import { encodeWriteRequest, type RemoteSample } from './write-request.ts';

const intervalMs = 15_000;
const requestTimeoutMs = 30_000;
const samplesOfOneRequest = 5_000;
/** Maximum samples kept while the store does not answer, about an hour for 30 VMs; the oldest are dropped. */
const maxWaitingSamples = 250_000;

export interface RemoteWriteOptions {
  /** Where to write, such as http://127.0.0.1:8428/api/v1/write. A user and password in it are sent as basic authentication. */
  readonly url: URL;
  readonly vms: () => readonly Vm[];
  readonly log: Log;
  readonly fetch?: typeof fetch;
}

/** Sends measurements to a store by Prometheus' remote write, every 15 s. */
export class RemoteWrite implements AsyncDisposable {
  readonly #options: RemoteWriteOptions;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #waiting: RemoteSample[] = [];
  #sending: Promise<void> = Promise.resolve();
  #dropped = 0;

  constructor(options: RemoteWriteOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tick(Date.now()), intervalMs);
    this.#timer.unref();
  }

  /** Number of samples dropped because the store was unavailable for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues the current measurements and sends the queue. Never rejects. */
  tick(nowMs: number): Promise<void> {
    this.#waiting = this.#waiting.concat(remoteSamples(this.#options.vms(), nowMs));
    const excess = this.#waiting.length - maxWaitingSamples;
    if (excess > 0) {
      this.#dropped += excess;
      this.#waiting.splice(0, excess);
    }
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort(new Error('the daemon is stopping'));
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#abort.signal.aborted) {
      const batch = this.#waiting.slice(0, samplesOfOneRequest);
      if (!(await this.#post(encodeWriteRequest(batch)))) return;
      this.#waiting.splice(0, batch.length);
    }
  }

  /** Whether the batch is settled: stored or refused for good. False: to be retried. */
  async #post(body: Uint8Array): Promise<boolean> {
    const { url, log } = this.#options;
    const late = (): Error => new Error(`no answer within ${requestTimeoutMs / 1000} s`);
    const deadline = { timers: hostClock, timeoutMs: requestTimeoutMs, signal: this.#abort.signal, late };
    try {
      const response = await withDeadline(deadline, async (signal) => {
        const answer = await (this.#options.fetch ?? fetch)(withoutUser(url), {
          method: 'POST',
          headers: {
            'content-type': 'application/x-protobuf',
            'content-encoding': 'snappy',
            'x-prometheus-remote-write-version': '0.1.0',
            ...authorization(url),
          },
          body: new Uint8Array(body),
          signal,
        });
        return { ok: answer.ok, status: answer.status, text: answer.ok ? '' : await answer.text() };
      });
      if (response.ok) return true;
      log.warn('metrics.remote-write-refused', { status: response.status, answer: response.text.slice(0, 200) });
      // By the specification, 429 and 5xx are retried, and other errors are permanent.
      return response.status !== 429 && response.status < 500;
    } catch (error) {
      if (!this.#abort.signal.aborted) log.warn('metrics.remote-write-failed', { message: errorMessage(error) });
      return false;
    }
  }
}

function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '') return {};
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
}

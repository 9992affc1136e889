import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { errorMessage, type Log, linkSignals, onAbort, withDeadline } from '@innkeeper/kit';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Dispatcher } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { postAddress } from './post-address.ts';

/** Milliseconds between attempts after a failure: doubled each time, with a fifth of chance. */
export const firstRetryMs = 5_000;
const lastRetryMs = 300_000;
/** Milliseconds after which an address is reported again, for a manager that lost it. */
export const refreshMs = 300_000;
const timeoutMs = 10_000;

const { watch } = TelemetryServiceLite;

export interface AddressReporterOptions {
  readonly host: Host;
  readonly log: Log;
  readonly dispatcher: Dispatcher;
  readonly config: AgentConfig;
  readonly signal: AbortSignal;
}

/** Reports the guest's address to its manager: at the start, at once when it changes, and every few minutes. */
export async function reportAddress(options: AddressReporterOptions): Promise<void> {
  const linked = linkSignals(options.signal);
  const reporter = new AddressReporter(options, linked.signal);
  try {
    await Promise.all([reporter.watch(), reporter.report()]);
  } catch (error) {
    if (!options.signal.aborted) options.log.error('manager.ended', { error: errorMessage(error) });
  } finally {
    linked.abort('ended');
    linked.unlink();
  }
}

class AddressReporter {
  readonly #options: AddressReporterOptions;
  readonly #signal: AbortSignal;
  #address: string | undefined;
  #reported: string | undefined;
  #lastError = '';
  #wake: () => void = () => undefined;

  constructor(options: AddressReporterOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Follows the guest's primary address. Telemetry comes at once when an address changes. */
  watch(): Promise<void> {
    const request = liteEncode(watch.input, { intervalMs: 3_600_000 });
    const take = async (body: Uint8Array): Promise<void> => {
      const address = addressOf(liteDecode(watch.output, body));
      if (address === this.#address) return;
      this.#address = address;
      this.#wake();
    };
    return this.#options.dispatcher.call(watch.name, only(request), take, { signal: this.#signal, timeoutMs: 0 });
  }

  async report(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!this.#signal.aborted) {
      const address = this.#address;
      if (address === undefined) await this.#changeWithin(undefined);
      else if (await this.#post(address)) {
        retryMs = firstRetryMs;
        if (this.#address === address) await this.#changeWithin(refreshMs);
      } else if (this.#address === address && !(await this.#changeWithin(this.#jittered(retryMs))))
        retryMs = Math.min(retryMs * 2, lastRetryMs);
    }
  }

  async #post(address: string): Promise<boolean> {
    const { host, config, log } = this.#options;
    const late = (): Error => new Error(`no answer within ${timeoutMs} ms`);
    const signal = this.#signal;
    try {
      await withDeadline({ timers: host.clock, timeoutMs, signal, late }, (ending) =>
        postAddress(host, config, address, ending),
      );
      if (this.#reported !== address || this.#lastError !== '') log.info('manager.told', { address });
      this.#reported = address;
      this.#lastError = '';
      return true;
    } catch (error) {
      const text = errorMessage(error).slice(0, 200);
      // The same failure again and again is one line.
      if (text !== this.#lastError && !signal.aborted)
        log.warn('manager.not-told', { manager: config.managerAddress, error: text });
      this.#lastError = text;
      return false;
    }
  }

  /** True when the address changed, false after that time. */
  #changeWithin(ms: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const end = (changed: boolean): void => {
        for (const stop of stops) stop();
        this.#wake = () => undefined;
        resolve(changed);
      };
      this.#wake = () => end(true);
      if (ms !== undefined) stops.push(this.#options.host.clock.setTimer(ms, () => end(false)));
      stops.push(onAbort(this.#signal, () => end(false)));
    });
  }

  #jittered(ms: number): number {
    const [chance = 0] = this.#options.host.bytes.random(1);
    return ms + (ms * chance) / (5 * 255);
  }
}

/** The primary IPv4 address, or else that of IPv6. */
function addressOf({ primaryAddresses }: Telemetry): string | undefined {
  const addresses = primaryAddresses.map(({ address }) => address);
  return addresses.find((address) => !address.includes(':')) ?? addresses[0];
}

async function* only(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}

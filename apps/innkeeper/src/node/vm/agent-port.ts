import { nativeAgent, nativePort, type RunningVm } from '@innkeeper/hypervisor';
import { type Channel, Listeners } from '@innkeeper/kit';

/** An event may have been missed: so often the hypervisor is asked as well. */
const lookAgainMs = 5_000;
/** What the guest wrote before it closed its port is on its way for as long as this. */
const lastBytesMs = 250;
const askTimeoutMs = 3_000;

/**
 * The way to the agent of one running VM. A channel is opened at once, so that an agent finds its host when it comes,
 * and handed out when the guest has opened its end: a hello that nobody can read would only be waited for. It is closed
 * soon after the guest closed its end, so that an agent that comes back gets a hello and not the old session. Where the
 * hypervisor cannot tell, or does not answer, nothing is waited for, and the hello tells.
 */
export class AgentPort {
  readonly #running: RunningVm;
  readonly #changes = new Listeners<boolean>();
  #channel: Channel | undefined;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(running: RunningVm) {
    this.#running = running;
    running.onEvent((event) => {
      if (event.type !== 'agent-port' || event.port !== nativePort) return;
      if (!event.open && this.#channel !== undefined) {
        this.#closeTimer ??= setTimeout(() => this.#closeChannel(), lastBytesMs).unref();
      }
      this.#changes.emit(event.open);
    });
  }

  /** Waits for the guest, however long. Rejects with the signal's reason, and as `openAgent` does. */
  async connect(signal: AbortSignal): Promise<Channel> {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
    this.#channel = undefined;
    const channel = await this.#running.openAgent(nativeAgent, { signal });
    try {
      while (!(await this.#opened(signal)));
    } catch (error) {
      await channel.close();
      throw error;
    }
    this.#channel = channel;
    return channel;
  }

  /** One look, and if need be one wait for an event. False when it is time to look again. */
  async #opened(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    // Listens before it looks, so that no change falls between the two.
    const waiting = this.#nextOpening(signal);
    try {
      return (await this.#isOpen(signal)) || (await waiting.opened);
    } finally {
      waiting.stop();
    }
  }

  #nextOpening(signal: AbortSignal): { readonly opened: Promise<boolean>; readonly stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onAbort = (): void => resolve(false);
    const timer = setTimeout(resolve, lookAgainMs, false).unref();
    const unlisten = this.#changes.add((open) => {
      if (open) resolve(true);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    const stop = (): void => {
      clearTimeout(timer);
      unlisten();
      signal.removeEventListener('abort', onAbort);
    };
    return { opened: promise, stop };
  }

  async #isOpen(signal: AbortSignal): Promise<boolean> {
    if (!this.#running.features.supportsPortState) return true;
    const either = AbortSignal.any([signal, AbortSignal.timeout(askTimeoutMs)]);
    try {
      return await this.#running.isPortOpen(nativePort, { signal: either });
    } catch {
      signal.throwIfAborted();
      // HYPERVISOR_UNREACHABLE or VM_NOT_RUNNING: opening the channel tells which.
      return true;
    }
  }

  #closeChannel(): void {
    // A channel that cannot be closed is gone already.
    this.#channel?.close().catch(() => undefined);
  }
}

import { nativeAgent, nativePort, type RunningVm } from '@innkeeper/hypervisor';
import { type Channel, Listeners, onAbort } from '@innkeeper/kit';
import { askInTime } from './ask-in-time.ts';

/** Polling interval in addition to events, which may be missed. */
const lookAgainMs = 5_000;
/** How long bytes that the guest wrote before it closed its port may be in transit. */
const lastBytesMs = 250;

/**
 * The connection to the agent of a running VM. A channel is opened immediately, so that a starting agent finds its host, but
 * returned only once the guest has opened its end, since nobody could read a hello before. It is closed soon after the
 * guest closed its end, so that a restarted agent gets a hello instead of the old session. If the hypervisor cannot report
 * the port's state or does not answer, the channel is returned immediately and the hello shows whether the agent is there.
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

  /** Waits for the guest without a timeout. Rejects with the signal's reason, and as `openAgent` does. */
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

  /** Checks once, and if necessary waits for one event. Resolves to false when the check must be repeated. */
  async #opened(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    // Subscribes before checking, so that no change is missed in between.
    const waiting = this.#nextOpening(signal);
    try {
      return (await this.#isOpen(signal)) || (await waiting.opened);
    } finally {
      waiting.stop();
    }
  }

  #nextOpening(signal: AbortSignal): { readonly opened: Promise<boolean>; readonly stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, lookAgainMs, false).unref();
    const unlisten = this.#changes.add((open) => {
      if (open) resolve(true);
    });
    const stopWaiting = onAbort(signal, () => resolve(false));
    const stop = (): void => {
      clearTimeout(timer);
      unlisten();
      stopWaiting();
    };
    return { opened: promise, stop };
  }

  async #isOpen(signal: AbortSignal): Promise<boolean> {
    if (!this.#running.features.supportsPortState) return true;
    try {
      return await askInTime((options) => this.#running.isPortOpen(nativePort, options), signal);
    } catch {
      signal.throwIfAborted();
      // HYPERVISOR_UNREACHABLE or VM_NOT_RUNNING: opening the channel reports which.
      return true;
    }
  }

  #closeChannel(): void {
    // A channel that cannot be closed is already gone.
    this.#channel?.close().catch(() => undefined);
  }
}

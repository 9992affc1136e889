import type { Host } from '../host.ts';
import type { KernelNetwork } from './kernel-network.ts';
import * as nud from './netlink.ts';

const checkEveryMs = 2000;
/** Of these in a row the kernel, which asks three times within three seconds, got no answer. */
const failuresUntilDead = 2;

/** Asks a gateway for its hardware address again and again, until stopped or until it does not answer any more. */
export class GatewayWatch {
  readonly #host: Host;
  readonly #kernel: KernelNetwork;
  readonly #address: string;
  readonly #onDead: () => void;
  #failures = 0;
  #answers: boolean | undefined;
  #isAsked = false;
  #cancel: () => void = () => undefined;

  constructor(host: Host, kernel: KernelNetwork, address: string, onDead: () => void) {
    this.#host = host;
    this.#kernel = kernel;
    this.#address = address;
    this.#onDead = onDead;
    this.#check();
  }

  /** Undefined: not known yet. */
  get answers(): boolean | undefined {
    return this.#answers;
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const state = this.#state();
    if (state & (nud.NUD_REACHABLE | nud.NUD_NOARP | nud.NUD_PERMANENT)) {
      this.#answers = true;
      this.#failures = 0;
    } else if (state & nud.NUD_FAILED || (state === 0 && this.#isAsked)) {
      this.#answers = false;
      this.#failures += 1;
      if (this.#failures >= failuresUntilDead) {
        this.#onDead();
        return;
      }
    }
    // While the kernel is asking, it is left to finish.
    if (!(state & (nud.NUD_INCOMPLETE | nud.NUD_PROBE)))
      this.#ask((state & (nud.NUD_REACHABLE | nud.NUD_STALE | nud.NUD_DELAY)) !== 0);
    this.#cancel = this.#host.clock.setTimer(checkEveryMs, () => this.#check());
  }

  /** An interface that is gone has no neighbours. */
  #state(): number {
    try {
      return this.#kernel.neighbourState(this.#address);
    } catch {
      return 0;
    }
  }

  /** The kernel asks only neighbours again whose hardware address it still has. */
  #ask(isKnown: boolean): void {
    this.#isAsked = true;
    try {
      this.#kernel.askNeighbour(this.#address, isKnown);
    } catch {
      // EINVAL: it has forgotten this one just now; ENETDOWN. The next check counts it as no answer.
    }
  }
}

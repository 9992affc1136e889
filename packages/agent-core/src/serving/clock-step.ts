import { errorMessage, type Log } from '@innkeeper/kit';
import type { Clock } from '../host.ts';

/** Clock readings when a hello arrives, in nanoseconds. */
export interface ClockFacts {
  readonly nodeWallNs: bigint;
  readonly guestWallNs: bigint;
  readonly mayStep: boolean;
  /** The last hello's node time and the guest's monotonic time then; undefined at the first. */
  readonly last: { readonly nodeWallNs: bigint; readonly guestMonotonicNs: bigint } | undefined;
  readonly guestMonotonicNs: bigint;
  /** A correct clock is never before this. */
  readonly buildTimeNs: bigint;
}

const stepFromNs = 1_000_000_000n;

/**
 * Whether to set the guest's clock to the node's. Only after a pause or restore (the node's time advanced while the
 * guest's monotonic clock stood still), or if the guest's time is before the agent's build date, as after a boot
 * without a battery-backed clock. Otherwise the guest's own time service is responsible.
 */
export function shouldStepClock(facts: ClockFacts): boolean {
  const { nodeWallNs, guestWallNs, mayStep, last, guestMonotonicNs, buildTimeNs } = facts;
  if (!mayStep || nodeWallNs < buildTimeNs) return false;
  const offset = guestWallNs > nodeWallNs ? guestWallNs - nodeWallNs : nodeWallNs - guestWallNs;
  if (offset < stepFromNs) return false;
  if (guestWallNs < buildTimeNs) return true;
  if (last === undefined) return false;
  const stoodStillNs = nodeWallNs - last.nodeWallNs - (guestMonotonicNs - last.guestMonotonicNs);
  return stoodStillNs > stepFromNs;
}

/** The effect of a hello on the guest's clock, in nanoseconds. */
export interface ClockVerdict {
  readonly guestMonotonicNs: bigint;
  /** The guest's wall time minus the node's, before the step. */
  readonly offsetNs: bigint;
  readonly stepped: boolean;
}

/** Compares the guest's clock with a node's at every hello, and steps it if necessary. One per agent. */
export class ClockStepper {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #buildTimeNs: bigint;
  #last: ClockFacts['last'];

  constructor(clock: Clock, log: Log, buildTimeNs: bigint) {
    this.#clock = clock;
    this.#log = log;
    this.#buildTimeNs = buildTimeNs;
  }

  compare(nodeWallNs: bigint, mayStep: boolean): ClockVerdict {
    const guestWallNs = this.#clock.wallTimeNs();
    const guestMonotonicNs = this.#clock.monotonicNs();
    const facts = { nodeWallNs, guestWallNs, mayStep, guestMonotonicNs };
    const isOff = shouldStepClock({ ...facts, last: this.#last, buildTimeNs: this.#buildTimeNs });
    const stepped = isOff && this.#tryStep(nodeWallNs);
    this.#last = { nodeWallNs, guestMonotonicNs };
    return { guestMonotonicNs, offsetNs: guestWallNs - nodeWallNs, stepped };
  }

  #tryStep(wallNs: bigint): boolean {
    try {
      this.#clock.setWallTimeNs(wallNs);
      this.#log.info('clock.stepped', {});
      return true;
    } catch (error) {
      // EPERM: the agent may not set the clock; the welcome then reports that it was not stepped.
      this.#log.warn('clock.step-refused', { error: errorMessage(error) });
      return false;
    }
  }
}

/** What is known about time when a hello arrives. All in nanoseconds. */
export interface ClockFacts {
  readonly nodeWallNs: bigint;
  readonly guestWallNs: bigint;
  readonly mayStep: boolean;
  /** The last hello's node time and the guest's monotonic time then; undefined at the first. */
  readonly last: { readonly nodeWallNs: bigint; readonly guestMonotonicNs: bigint } | undefined;
  readonly guestMonotonicNs: bigint;
  /** No clock that is right is before this. */
  readonly buildTimeNs: bigint;
}

const stepFromNs = 1_000_000_000n;

/**
 * Whether to set the guest's clock to the node's. Only after a pause or restore (the node's time went on while the
 * guest's monotonic clock stood still), or when the guest believes it is before its agent was built, as after a boot
 * without a battery clock. Otherwise time is the guest's own time service's.
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

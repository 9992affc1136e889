/** Whether the guest's file systems are frozen, evaluated at each use. */
export interface FreezeState {
  /** Also while they are being frozen and thawed. */
  readonly isFrozen: boolean;
  /** Milliseconds until the thaw by itself; undefined if they are not frozen. */
  readonly leaseLeftMs: number | undefined;
}

/** For agents in tests, in which nothing is ever frozen. */
export const neverFrozen: FreezeState = { isFrozen: false, leaseLeftMs: undefined };

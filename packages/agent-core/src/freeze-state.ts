/** Whether the guest's file systems are frozen, evaluated at each use. */
export interface FreezeState {
  readonly isFrozen: boolean;
}

/** This agent cannot freeze file systems, so nothing is ever frozen. */
export const neverFrozen: FreezeState = { isFrozen: false };

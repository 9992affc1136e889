/** Whether the guest's file systems are frozen, for all who must know: asked again each time. */
export interface FreezeState {
  readonly isFrozen: boolean;
}

/** Freezing is not among the operations of this agent, so nothing is ever frozen. */
export const neverFrozen: FreezeState = { isFrozen: false };

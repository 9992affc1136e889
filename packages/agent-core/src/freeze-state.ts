import { Listeners } from '@innkeeper/kit';

/** Whether the guest's file systems are frozen, evaluated at each use. */
export interface FreezeState {
  /** Also while they are being frozen and thawed. */
  readonly isFrozen: boolean;
  /** Also while the hooks before a freeze and after a thaw run. */
  readonly isBusy: boolean;
  /** Milliseconds until the thaw by itself; undefined if they are not frozen. */
  readonly leaseLeftMs: number | undefined;
}

/** For agents in tests, in which nothing is ever frozen. */
export const neverFrozen: FreezeState = { isFrozen: false, isBusy: false, leaseLeftMs: undefined };

/** The state of an agent's guest. What freezes is loaded later, and then sets itself here. */
export class GuestFreezeState implements FreezeState {
  /** Emits when a freeze begins or ends, or its lease changes. */
  readonly changes = new Listeners();
  manager: (FreezeState & { stop(): Promise<void> }) | undefined;
  /** While what an earlier agent left frozen is thawed and its hooks run. */
  recovery: Promise<void> | undefined;

  /** @param recovery must not reject */
  recover(recovery: Promise<void>): void {
    this.recovery = recovery.then(() => {
      this.recovery = undefined;
    });
  }

  get isFrozen(): boolean {
    return this.manager?.isFrozen ?? false;
  }

  get isBusy(): boolean {
    return this.recovery !== undefined || (this.manager?.isBusy ?? false);
  }

  get leaseLeftMs(): number | undefined {
    return this.manager?.leaseLeftMs;
  }
}

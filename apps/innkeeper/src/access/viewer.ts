import type { ScopedVm } from './scope.ts';

/** Who looks at a list, as far as it matters for what is in it. */
export interface Viewer {
  /** Sees every VM, and what belongs to none. */
  readonly seesEverything: boolean;
  /** Whether this VM may be known to the viewer at all. */
  sees(vm: ScopedVm): boolean;
}

/** For the administrator. */
export const seesEverything: Viewer = { seesEverything: true, sees: () => true };

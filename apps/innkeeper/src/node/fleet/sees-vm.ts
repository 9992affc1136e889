import type { Viewer } from '../../access/viewer.ts';
import type { Fleet } from '../../ports/fleet.ts';

/** Whether something about this VM may be shown. What concerns no VM, or one that is gone, is for who sees every VM. */
export function seesVm(viewer: Viewer, fleet: Fleet, vmId: string): boolean {
  if (viewer.seesEverything) return true;
  const vm = fleet.find(vmId);
  return vm !== undefined && viewer.sees(vm);
}

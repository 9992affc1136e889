import type { Viewer } from '../../access/viewer.ts';
import type { Fleet } from '../../ports/fleet.ts';

/** Whether the viewer may see things about this VM. Things about no VM or a deleted one need access to every VM. */
export function seesVm(viewer: Viewer, fleet: Fleet, vmId: string): boolean {
  if (viewer.seesEverything) return true;
  const vm = fleet.find(vmId);
  return vm !== undefined && viewer.sees(vm);
}

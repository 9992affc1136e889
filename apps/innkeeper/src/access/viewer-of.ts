import type { Viewer } from '../fleet/viewer.ts';
import { mayDo } from './authorize.ts';
import type { Caller } from './caller.ts';

/** What a caller sees of lists: the VMs on which they have `vm.view`. */
export function viewerOf(caller: Caller): Viewer {
  const seesEverything = mayDo(caller, 'vm.view', 'everywhere');
  return { seesEverything, sees: (vm) => seesEverything || mayDo(caller, 'vm.view', vm) };
}

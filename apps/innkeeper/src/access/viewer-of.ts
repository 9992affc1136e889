import type { Caller } from '../ports/caller.ts';
import { mayDo } from './authorize.ts';
import type { Viewer } from './viewer.ts';

/** What the caller of a list may see, checked each time: `call.caller` follows a change of roles. */
export function viewerOf(call: { readonly caller: Caller }): Viewer {
  return {
    get seesEverything() {
      return mayDo(call.caller, 'vm.view', 'everywhere');
    },
    sees: (vm) => mayDo(call.caller, 'vm.view', vm),
  };
}

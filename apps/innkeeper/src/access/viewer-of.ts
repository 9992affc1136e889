import type { Caller } from '../ports/caller.ts';
import { mayDo } from './authorize.ts';
import type { Viewer } from './viewer.ts';

/** What the caller of a list may see, checked each time: `pass.caller` follows a change of roles. */
export function viewerOf(pass: { readonly caller: Caller }): Viewer {
  return {
    get seesEverything() {
      return mayDo(pass.caller, 'vm.view', 'everywhere');
    },
    sees: (vm) => mayDo(pass.caller, 'vm.view', vm),
  };
}

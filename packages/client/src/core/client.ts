import { type ControlClient, controlClient } from './control-client.ts';
import { type GuestClient, guestClient } from './guest-client.ts';
import type { Platform } from './platform.ts';

/** The control plane's API, typed. All methods take `{ signal }`; all errors are OperationError. */
export interface CommonClient<Contents extends object>
  extends Omit<ControlClient, 'terminals'>,
    GuestClient<Contents> {}

/** Makes the whole client on a platform. The web console makes the two halves itself, to load the second one later. */
export function makeClient<Contents extends object>(platform: Platform<Contents>): CommonClient<Contents> {
  const control = controlClient(platform);
  return { ...control, ...guestClient(platform, control) };
}

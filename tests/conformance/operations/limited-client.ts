import type { GuestAdmin } from './guest-admin.ts';
import type { GuestClient } from './guest-client.ts';

/**
 * A client of a dialect that cannot express everything. What it does not implement fails the case that calls it: then the
 * dialect's table lacks an entry.
 */
export abstract class LimitedClient implements GuestClient {
  abstract readonly admin: GuestAdmin;
  readonly hasTextOnly: boolean = false;
  readonly ignoresMalformed: boolean = false;

  abstract alive(): Promise<void>;
  abstract unknownOperation(): Promise<void>;
  abstract malformed(): Promise<string | undefined>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  hello = missing;
  ping: GuestClient['ping'] = missing;
  telemetry = missing;
  figures: GuestClient['figures'] = missing;
  clock: GuestClient['clock'] = missing;
  run: GuestClient['run'] = missing;
  read: GuestClient['read'] = missing;
  write: GuestClient['write'] = missing;
  append: GuestClient['append'] = missing;
  writeInTwo = missing;
  refusedShutdown: GuestClient['refusedShutdown'] = missing;
  refusedFreeze = missing;
  refusedThaw = missing;
  refusedClock: GuestClient['refusedClock'] = missing;
}

function missing(): Promise<never> {
  return Promise.reject(new Error('This dialect has no request for it: list the capability in its table.'));
}

/** An administration of nothing, to be extended. */
export const noAdmin: GuestAdmin = {
  list: missing,
  stat: missing,
  makeDirectory: missing,
  remove: missing,
  processes: missing,
  signal: missing,
  machine: missing,
  packages: missing,
  capabilities: missing,
  capabilityNames: { has: '', lacks: '' },
  keys: missing,
  addKey: missing,
  removeKey: missing,
  cpus: missing,
  switchOff: missing,
  refusedPassword: missing,
  refusedNetwork: missing,
  refusedUnit: missing,
};

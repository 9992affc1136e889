import type { Caller } from '../ports/caller.ts';

/** Whether two callers may do the same, in the same places. */
export function hasSameRights(a: Caller, b: Caller): boolean {
  return rightsKey(a) === rightsKey(b);
}

/** The same text for callers who may do the same, in the same places. */
export function rightsKey({ grants, allowedCommands }: Caller): string {
  const parts = grants.map(({ scopes, privileges }) => [scopes.toSorted(), [...privileges].toSorted()]);
  return JSON.stringify([parts.map((part) => JSON.stringify(part)).toSorted(), allowedCommands]);
}

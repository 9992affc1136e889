import { OperationError } from '@innkeeper/contract/errors';
import { isClockTime } from '@innkeeper/contract/limits';
import type { Clock } from '../host.ts';

/**
 * Sets the guest's wall clock for a caller, to nanoseconds since the Unix epoch. Fails with INVALID_ARGUMENT before 1970 and
 * after 2116: the node would take such a time for a lie of the guest.
 */
export function setWallClock(clock: Clock, unixNs: bigint): void {
  if (!isClockTime(unixNs)) throw new OperationError('INVALID_ARGUMENT', 'The clock must be set from 1970 to 2116.');
  clock.setWallTimeNs(unixNs);
}

import { isIP } from 'node:net';
import { OperationError } from '@innkeeper/contract';

/** Addresses that a machine on a network cannot have: unspecified, loopback, link-local, multicast, reserved. */
const unusable = /^(0\.|127\.|169\.254\.|22[4-9]\.|2[3-5]\d\.|::1?$|ff|fe[89ab])/i;

/** Checks the address that a guest reports. It may lie: the address is only displayed and never connected to. */
export function checkReportedAddress(address: string): string {
  if (isIP(address) === 0 || unusable.test(address))
    throw new OperationError('INVALID_ARGUMENT', `"${address.slice(0, 64)}" is not a valid address of a machine.`);
  return address;
}

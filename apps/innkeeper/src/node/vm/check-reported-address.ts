import { isIP } from 'node:net';
import { OperationError } from '@innkeeper/contract';

/** What cannot be the address of a machine on a network: unspecified, loopback, link-local, multicast, reserved. */
const unusable = /^(0\.|127\.|169\.254\.|22[4-9]\.|2[3-5]\d\.|::1?$|ff|fe[89ab])/i;

/** Checks what a guest says its address is. It may lie: the address is shown, and nothing is ever connected to it. */
export function checkReportedAddress(address: string): string {
  if (isIP(address) === 0 || unusable.test(address))
    throw new OperationError('INVALID_ARGUMENT', `"${address.slice(0, 64)}" is no address that a machine can have.`);
  return address;
}

import { randomBytes } from 'node:crypto';
import { openingBytes, portableByteOps } from '@innkeeper/wire';
import { RawPort } from './raw-port.ts';

/**
 * Waits for an agent that is about to come up: one hello, which stays in the socket until the guest opens its port. A
 * node would ask again after 1, 2 and 4 s, and the time would be that of its last question. Resolves at the first byte.
 */
export async function waitForFirstReply(portSocket: string): Promise<void> {
  await using port = await RawPort.open(portSocket);
  const hello = { minVersion: 1, maxVersion: 1, wallTimeUnixNs: BigInt(Date.now()) * 1_000_000n, mayStepClock: false };
  await port.write(openingBytes(randomBytes(16), hello, portableByteOps));
  await port.waitFor(1);
}

import { randomBytes } from 'node:crypto';
import { openingBytes, portableByteOps } from '@innkeeper/wire';
import { RawPort } from './raw-port.ts';

/**
 * Waits for an agent that is starting, with a single hello that stays in the socket until the guest opens its port. A node
 * would repeat it after 1, 2 and 4 s, which would distort the time. Resolves at the first byte.
 */
export async function waitForFirstReply(portSocket: string): Promise<void> {
  await using port = await openWhenThere(portSocket);
  const hello = { minVersion: 1, maxVersion: 1, wallTimeUnixNs: BigInt(Date.now()) * 1_000_000n, mayStepClock: false };
  await port.write(openingBytes(randomBytes(16), hello, portableByteOps));
  await port.waitFor(1);
}

/** QEMU creates its sockets some time after its start. */
async function openWhenThere(portSocket: string): Promise<RawPort> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await RawPort.open(portSocket);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ECONNREFUSED') || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

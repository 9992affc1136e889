import { randomBytes as nodeRandomBytes } from 'node:crypto';

/** From the kernel's generator. */
export function randomBytes(count: number): Uint8Array {
  return new Uint8Array(nodeRandomBytes(count));
}

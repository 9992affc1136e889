import type { HandedOver, Handover, ProgramPort } from '../program.ts';
import { createSha256 } from './sha256.ts';

/** The program of the fake agent: what it hands over is kept here, for a second agent in the same guest. */
export class FakeProgramPort implements ProgramPort {
  path = '/usr/local/bin/innkeeper-agent';
  handedOver: HandedOver | undefined;
  /** Seconds of trial that the last handover allowed; undefined: there was none. */
  trialSeconds: number | undefined;
  /** How often a program has begun and given up. */
  begun = 0;
  gaveUp = 0;

  verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    return signature.every((byte, index) => byte === fakeSignature(key, message)[index]);
  }

  async handOver(seconds: number, state: () => Handover): Promise<void> {
    const { value, blobs } = state();
    this.trialSeconds = seconds;
    const text = JSON.stringify(value);
    this.handedOver = {
      value: JSON.parse(text) as unknown,
      isOnTrial: true,
      blob: (index) => blobs[index]?.slice() ?? new Uint8Array(0),
    };
  }

  begin(): void {
    this.begun++;
  }

  giveUp(): void {
    this.gaveUp++;
  }
}

/** What the fake guest takes for a signature: 64 bytes. */
export function fakeSignature(key: Uint8Array, message: Uint8Array): Uint8Array {
  const hash = createSha256();
  hash.update(key);
  hash.update(message);
  const digest = hash.digest();
  return Uint8Array.from({ length: 64 }, (_, index) => digest[index % 32] ?? 0);
}

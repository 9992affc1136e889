import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Channel } from '@innkeeper/kit';

/** The program of a fake VM: called at power-on and after each reset, with the guest's side of the devices. */
export type FakeBoot = (guest: FakeGuest) => Promise<void>;

/** The machine as seen by its guest. */
export interface FakeGuest {
  readonly vmId: string;
  /** Aborted when the VM is turned off or reset. */
  readonly signal: AbortSignal;
  /** The guest's end of a named port; the host is notified that the port is open. Throws for an unknown name. */
  openPort(name: string): Channel;
  /** Prints on the serial console. */
  print(text: string | Uint8Array): void;
  /** Input from the host on the serial console. */
  onConsoleInput(listener: (bytes: Uint8Array) => void): () => void;
  /** Called instead of powering off when the host presses the power button. */
  onPowerButton(listener: () => void): () => void;
  powerOff(): void;
  reboot(): void;
}

/** Starts the agent of a fake guest on its channel; its return value is ignored. */
export type StartAgent = (channel: Channel, guest: FakeGuest) => unknown;

/** Boots and does nothing: the port is never opened, the power button works. */
export const bootWithoutAgent: FakeBoot = async (guest) => guest.print('fake guest without an agent\r\n');

/** Reads what the host sends and never answers; the power button does nothing. */
export const bootSilent: FakeBoot = async (guest) => {
  guest.onPowerButton(() => guest.print('the power button is ignored\r\n'));
  const channel = guest.openPort('org.innkeeper.agent.0');
  while ((await channel.read({ signal: guest.signal })) !== undefined);
};

/** Sends random bytes endlessly, determined by `seed`. */
export function bootGarbage(seed: number): FakeBoot {
  return async (guest) => {
    const channel = guest.openPort('org.innkeeper.agent.0');
    const bytes = new Uint8Array(16 * 1024);
    let state = seed >>> 0 || 1;
    while (!guest.signal.aborted) {
      for (let index = 0; index < bytes.length; index++) {
        // xorshift32: good enough for garbage, and reproducible.
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        bytes[index] = state;
      }
      await channel.write(bytes);
      // Yields to other tasks, as a socket would between two reads.
      await nextTurn();
    }
  };
}

/** Prints `totalBytes` on the serial console and then waits. */
export function bootFloodingConsole(totalBytes: number): FakeBoot {
  const line = 'all work and no play makes a dull guest\r\n'.repeat(100);
  return async (guest) => {
    for (let printed = 0; printed < totalBytes && !guest.signal.aborted; printed += line.length) guest.print(line);
  };
}

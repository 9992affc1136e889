import assert from 'node:assert/strict';
import { zeroRunBytes } from '@innkeeper/wire';
import { runExchange } from './exchange.ts';
import { createModelMachine, type ModelMachine, startModelGuest } from './model-guest.ts';
import type { Cut } from './port-model.ts';

/** Numbers of bytes of a complete exchange, from the first zero to the last response. */
export async function measureExchange(): Promise<{ readonly toAgent: number; readonly toNode: number }> {
  await using guest = startModelGuest();
  const counts = await runExchange(guest);
  assert.equal(counts.connections, 1);
  return counts;
}

export const fates = ['lost', 'kept', 'middle'] as const;

/**
 * Runs the exchange with one cut after each of the bytes from `from` up to `to`. Without a given fate of pending bytes,
 * uses all of them in turn. Fails at the first byte with a wrong result.
 */
export async function cutEverywhere(
  cut: Pick<Cut, 'direction' | 'nodeNotices'> & { readonly pending?: Cut['pending'] },
  from: number,
  to: number,
): Promise<void> {
  const machine = createModelMachine();
  for (let atByte = from; atByte < to; atByte++) {
    const pending = cut.pending ?? fates[atByte % fates.length] ?? 'lost';
    await cutOnce({ ...cut, pending, atByte }, machine);
  }
  assert.equal(machine.clock.pendingTimers, 0, 'a timer is left behind');
  assert.equal(machine.host.processes.running.length, 0, 'a process is left behind');
}

/** Runs the exchange with one cut. */
export async function cutOnce(cut: Cut, machine?: ModelMachine): Promise<void> {
  await using guest = startModelGuest(cut, machine);
  try {
    await runExchange(guest);
    assert.ok(guest.port.counts.connections > 1, 'the connection was not cut');
  } catch (error) {
    throw new Error(`Cut ${JSON.stringify(cut)}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Position of the first byte after the run of zeros. */
export const firstHelloByte = zeroRunBytes;

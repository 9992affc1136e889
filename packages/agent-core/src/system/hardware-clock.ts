import type { SyncClockRequest } from '@innkeeper/contract/agent';
import { HardwareClock } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { errorMessage } from '@innkeeper/kit';
import type { Host } from '../host.ts';
import { programPath } from '../program-path.ts';

const timeoutMs = 30_000;

/** @throws OperationError INVALID_ARGUMENT if the clock is to be set in two ways */
export function checkHardwareClock(
  use: SyncClockRequest['hardwareClock'],
  setUnixNs: SyncClockRequest['setUnixNs'],
): void {
  if (use === HardwareClock.READ && setUnixNs !== undefined)
    throw new OperationError('INVALID_ARGUMENT', 'Give either set_unix_ns or hardware_clock READ.');
}

/** Sets the guest's clock to the hardware's or the other way. Resolves with what went wrong. */
export async function useHardwareClock(
  host: Host,
  use: SyncClockRequest['hardwareClock'],
): Promise<{ readonly detail?: string }> {
  if (use !== HardwareClock.READ && use !== HardwareClock.WRITE) return {};
  const program = programPath(host, 'hwclock');
  if (program === undefined) return { detail: 'the guest has no hwclock' };
  try {
    const argv = [program, use === HardwareClock.READ ? '-s' : '-w'];
    const { exitCode, stdout, stderr } = await host.jobs.run(argv, { timeoutMs });
    if (exitCode === 0) return {};
    return { detail: (stderr + stdout).trim().slice(0, 200) || `hwclock exited with ${exitCode}` };
  } catch (error) {
    return { detail: errorMessage(error) };
  }
}

import type { Accelerator, HypervisorProcess } from '../driver.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { VmRecord } from '../vm-record.ts';

export const driverName = 'qemu';

/** The process of a QEMU VM and its run directory: the payload of its record, with the same flat fields. */
export interface QemuProcess extends HypervisorProcess, ProcessIdentity {
  readonly runDirectory: string;
}

/**
 * `pidStartTicks` is the process's start time in clock ticks since boot (/proc/PID/stat field 22): it distinguishes the
 * process from a later one with the same pid.
 */
export function qemuRecord(id: string, { runDirectory, pid, startTicks, accelerator }: QemuProcess): VmRecord {
  return { id, driver: driverName, payload: { runDirectory, pid, pidStartTicks: startTicks, accelerator } };
}

/** The process of a record; undefined if it is another driver's, or incomplete. */
export function parseQemuRecord({ driver, payload }: VmRecord): QemuProcess | undefined {
  const { runDirectory, pid, pidStartTicks: startTicks } = payload;
  if (driver !== driverName || typeof runDirectory !== 'string' || typeof startTicks !== 'string') return undefined;
  // 0, 1 and negative pids would signal other processes.
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  const accelerator: Accelerator = payload['accelerator'] === 'kvm' ? 'kvm' : 'tcg';
  return { runDirectory, pid, startTicks, accelerator };
}

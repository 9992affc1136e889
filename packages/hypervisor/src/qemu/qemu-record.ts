import type { Accelerator, HypervisorProcess } from '../driver.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { VmRecord } from '../vm-record.ts';

export const driverName = 'qemu';

/** The process of a QEMU VM, and where its files are: the payload of its record, where it is as flat as these fields. */
export interface QemuProcess extends HypervisorProcess, ProcessIdentity {
  readonly runDirectory: string;
}

/**
 * `pidStartTicks` is when the process started, in clock ticks since boot (/proc/PID/stat field 22): it tells the process
 * from a later one with the same pid.
 */
export function qemuRecord(id: string, { runDirectory, pid, startTicks, accelerator }: QemuProcess): VmRecord {
  return { id, driver: driverName, payload: { runDirectory, pid, pidStartTicks: startTicks, accelerator } };
}

/** The process of a record; undefined when it is another driver's, or not whole. */
export function parseQemuRecord({ driver, payload }: VmRecord): QemuProcess | undefined {
  const { runDirectory, pid, pidStartTicks: startTicks } = payload;
  if (driver !== driverName || typeof runDirectory !== 'string' || typeof startTicks !== 'string') return undefined;
  // 0, 1 and what is negative would be signals to others.
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  const accelerator: Accelerator = payload['accelerator'] === 'kvm' ? 'kvm' : 'tcg';
  return { runDirectory, pid, startTicks, accelerator };
}

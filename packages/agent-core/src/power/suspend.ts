import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const state = '/sys/power/state';
const depth = '/sys/power/mem_sleep';
/** On the guest's clock, which stands still meanwhile. */
const timeoutMs = 60_000;

/**
 * Whether the guest's kernel and machine have S3 and come back from it. A kernel that QEMU loaded itself (`-kernel`, type 0xb
 * of its boot loader) restarts instead.
 */
export function canSuspend(host: Host): boolean {
  if (Number(readTrimmed(host, '/proc/sys/kernel/bootloader_type') ?? 0) >> 4 === 0xb) return false;
  const has = (path: string, word: string): boolean => (readTrimmed(host, path) ?? '').split(/[\s[\]]+/).includes(word);
  return has(state, 'mem') && has(depth, 'deep');
}

/** @throws OperationError SUSPEND_UNSUPPORTED */
export function requireSuspend(host: Host): void {
  if (!canSuspend(host))
    throw new OperationError(
      'SUSPEND_UNSUPPORTED',
      'This guest has no S3, or would restart instead of waking, as kernels do that QEMU itself loaded.',
    );
}

/** Resolves when the guest is awake again. @throws HostError */
export async function suspend(host: Host): Promise<void> {
  await host.files.writeInHelper(depth, 'deep', timeoutMs);
  await host.files.writeInHelper(state, 'mem', timeoutMs);
}

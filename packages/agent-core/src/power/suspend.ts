import type { SuspendRequest } from '@innkeeper/contract/agent';
import { SuspendMode } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

const state = '/sys/power/state';
const depth = '/sys/power/mem_sleep';
const diskWay = '/sys/power/disk';
/** On the guest's clock, which stands still meanwhile. */
const timeoutMs = 60_000;

/**
 * Whether the guest's kernel and machine have S3 and come back from it. A kernel that QEMU loaded itself (`-kernel`, type 0xb
 * of its boot loader) restarts instead.
 */
export function canSuspend(host: Host): boolean {
  if (Number(readTrimmed(host, '/proc/sys/kernel/bootloader_type') ?? 0) >> 4 === 0xb) return false;
  return has(host, state, 'mem') && has(host, depth, 'deep');
}

/** Whether it can also write its memory to its swap space first. */
function canHibernate(host: Host, mode: SuspendRequest['mode']): boolean {
  if (!has(host, state, 'disk') || (readTrimmed(host, '/proc/swaps') ?? '').split('\n').length < 2) return false;
  return mode === SuspendMode.DISK || (canSuspend(host) && has(host, diskWay, 'suspend'));
}

function has(host: Host, path: string, word: string): boolean {
  return (readTrimmed(host, path) ?? '').split(/[\s[\]]+/).includes(word);
}

/** @throws OperationError SUSPEND_UNSUPPORTED */
export function requireSuspend(host: Host, mode: SuspendRequest['mode']): void {
  if (usesDisk(mode)) {
    if (canHibernate(host, mode)) return;
    throw new OperationError(
      'SUSPEND_UNSUPPORTED',
      'This guest cannot suspend to its disk: its kernel does not offer it, or it has no swap space.',
    );
  }
  if (!canSuspend(host))
    throw new OperationError(
      'SUSPEND_UNSUPPORTED',
      'This guest has no S3, or would restart instead of waking, as kernels do that QEMU itself loaded.',
    );
}

/** Resolves when the guest is awake again. @throws HostError */
export async function suspend(host: Host, mode: SuspendRequest['mode']): Promise<void> {
  if (usesDisk(mode)) {
    const way = mode === SuspendMode.HYBRID ? 'suspend' : has(host, diskWay, 'platform') ? 'platform' : 'shutdown';
    await host.files.writeInHelper(diskWay, way, timeoutMs);
    await host.files.writeInHelper(state, 'disk', timeoutMs);
    return;
  }
  await host.files.writeInHelper(depth, 'deep', timeoutMs);
  await host.files.writeInHelper(state, 'mem', timeoutMs);
}

function usesDisk(mode: SuspendRequest['mode']): boolean {
  return mode === SuspendMode.DISK || mode === SuspendMode.HYBRID;
}

import type { HostUsage } from '@innkeeper/contract/control';
import { formatBytes } from '../../format/format-bytes.ts';

export interface HostShares {
  /** Undefined: not measured. */
  readonly cpuPercent: number | undefined;
  readonly memoryPercent: number | undefined;
  readonly diskPercent: number | undefined;
  /** "3.1 GiB of 8 GiB"; empty if unknown. */
  readonly memoryText: string;
  readonly diskText: string;
}

type Figures = Pick<
  HostUsage,
  'cpuBusyPercent' | 'memoryTotalBytes' | 'memoryAvailableBytes' | 'diskTotalBytes' | 'diskAvailableBytes'
>;

/** The shares of the host that are in use. */
export function hostShares(usage: Figures): HostShares {
  const memory = share(usage.memoryTotalBytes, usage.memoryAvailableBytes);
  const disk = share(usage.diskTotalBytes, usage.diskAvailableBytes);
  return {
    cpuPercent: usage.cpuBusyPercent,
    memoryPercent: memory.percent,
    memoryText: memory.text,
    diskPercent: disk.percent,
    diskText: disk.text,
  };
}

function share(
  total: bigint | undefined,
  available: bigint | undefined,
): { percent: number | undefined; text: string } {
  if (total === undefined || available === undefined || total === 0n) return { percent: undefined, text: '' };
  const used = total - available;
  return { percent: (Number(used) / Number(total)) * 100, text: `${formatBytes(used)} of ${formatBytes(total)}` };
}

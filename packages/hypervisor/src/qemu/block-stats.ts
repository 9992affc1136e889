import type { DiskUsage } from '../driver.ts';

/** Sums the answer of `query-blockstats` over all disks; undefined if it has none. */
export function readBlockStats(answer: unknown): DiskUsage | undefined {
  if (!Array.isArray(answer)) return undefined;
  const counters = answer.flatMap((device: unknown) => {
    const stats = memberOf(device, 'stats');
    const [readBytes, writtenBytes] = [counterOf(stats, 'rd_bytes'), counterOf(stats, 'wr_bytes')];
    return readBytes === undefined || writtenBytes === undefined ? [] : [{ readBytes, writtenBytes }];
  });
  if (counters.length === 0) return undefined;
  return counters.reduce((sum, one) => ({
    readBytes: sum.readBytes + one.readBytes,
    writtenBytes: sum.writtenBytes + one.writtenBytes,
  }));
}

function counterOf(stats: unknown, name: string): bigint | undefined {
  const value = memberOf(stats, name);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

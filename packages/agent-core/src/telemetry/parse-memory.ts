import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MemorySchema } from '@innkeeper/contract/agent';

/** /proc/meminfo (proc(5)) in bytes; what a kernel does not say is absent. used = total - available. */
export function parseMemory(text: string): MessageInitShape<typeof MemorySchema> {
  const values = new Map<string, bigint>();
  for (const [, name = '', kib = '0'] of text.matchAll(/^(\w+):\s+(\d+) kB$/gm)) values.set(name, BigInt(kib) * 1024n);
  const total = values.get('MemTotal');
  const available = values.get('MemAvailable');
  return withoutUndefined({
    totalBytes: total,
    availableBytes: available,
    usedBytes: total === undefined || available === undefined || available > total ? undefined : total - available,
    freeBytes: values.get('MemFree'),
    cachedBytes: values.get('Cached'),
    buffersBytes: values.get('Buffers'),
    slabReclaimableBytes: values.get('SReclaimable'),
    swapTotalBytes: values.get('SwapTotal'),
    swapFreeBytes: values.get('SwapFree'),
  });
}

/** An object without the entries that are undefined: exactOptionalPropertyTypes tells absent from undefined. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

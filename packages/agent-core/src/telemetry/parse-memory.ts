import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MemorySchema } from '@innkeeper/contract/agent';

/** /proc/meminfo (proc(5)) in bytes; what a kernel does not say is absent. used = total - available. */
export function parseMemory(text: string): MessageInitShape<typeof MemorySchema> {
  const fields = new MemoryFields(text);
  const total = fields.bytes('MemTotal:');
  const free = fields.bytes('MemFree:');
  const available = fields.bytes('MemAvailable:');
  return withoutUndefined({
    totalBytes: total,
    availableBytes: available,
    usedBytes: total === undefined || available === undefined || available > total ? undefined : total - available,
    freeBytes: free,
    buffersBytes: fields.bytes('Buffers:'),
    cachedBytes: fields.bytes('Cached:'),
    swapTotalBytes: fields.bytes('SwapTotal:'),
    swapFreeBytes: fields.bytes('SwapFree:'),
    slabReclaimableBytes: fields.bytes('SReclaimable:'),
  });
}

/** Finds lines by their names. In the kernel's order each is looked for only from the one before on. */
class MemoryFields {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = `\n${text}`;
  }

  bytes(name: string): bigint | undefined {
    const text = this.#text;
    let at = text.indexOf(`\n${name}`, this.#at);
    if (at < 0) at = text.indexOf(`\n${name}`);
    if (at < 0) return undefined;
    this.#at = at;
    const end = text.indexOf(' kB', at);
    const kib = text.slice(at + 1 + name.length, end).trim();
    return end >= 0 && /^\d+$/.test(kib) ? BigInt(kib) * 1024n : undefined;
  }
}

/** An object without the entries that are undefined: exactOptionalPropertyTypes tells absent from undefined. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = object as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  for (const name in given) if (given[name] !== undefined) kept[name] = given[name];
  return kept as never;
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MemorySchema } from '@innkeeper/contract/agent';
import type { Host } from '../host.ts';
import type { NumberFile } from './number-file.ts';
import { readTrimmed } from './read-trimmed.ts';
import { withoutUndefined } from './without-undefined.ts';

const path = '/proc/meminfo';
const maxTextBytes = 16_384;
const names = {
  total: 'MemTotal',
  free: 'MemFree',
  available: 'MemAvailable',
  buffers: 'Buffers',
  cached: 'Cached',
  swapTotal: 'SwapTotal',
  swapFree: 'SwapFree',
  slabReclaimable: 'SReclaimable',
} as const;

type Places = Partial<Record<keyof typeof names, number>>;

/** Reads /proc/meminfo (proc(5)). Its names are read once: a kernel has the same lines as long as it runs. */
export class MemoryReader {
  readonly #host: Host;
  readonly #file: NumberFile;
  /** Where each value stands among the numbers. */
  #places: Places = {};
  #count = -1;

  constructor(host: Host, file: NumberFile) {
    this.#host = host;
    this.#file = file;
  }

  /** In bytes; what a kernel does not say is absent. used = total - available. */
  read(): MessageInitShape<typeof MemorySchema> {
    const numbers = this.#file.read(path);
    if (this.#file.count !== this.#count) this.#learn(numbers);
    const places = this.#places;
    const bytes = (place: number | undefined): bigint | undefined =>
      place === undefined ? undefined : BigInt((numbers[place] ?? 0) * 1024);
    const total = bytes(places.total);
    const available = bytes(places.available);
    return withoutUndefined({
      totalBytes: total,
      availableBytes: available,
      usedBytes: total === undefined || available === undefined || available > total ? undefined : total - available,
      freeBytes: bytes(places.free),
      cachedBytes: bytes(places.cached),
      buffersBytes: bytes(places.buffers),
      slabReclaimableBytes: bytes(places.slabReclaimable),
      swapTotalBytes: bytes(places.swapTotal),
      swapFreeBytes: bytes(places.swapFree),
    });
  }

  /** Lines with a number in them, by name. */
  #learn(numbers: Float64Array): void {
    const lines = (readTrimmed(this.#host, path, maxTextBytes) ?? '').split('\n');
    const placeOfName = new Map<string, number>();
    let at = 0;
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':'));
      if (at < this.#file.count && !Number.isNaN(numbers[at])) placeOfName.set(name, at);
      while (at < this.#file.count && !Number.isNaN(numbers[at])) at += 1;
      at += 1;
    }
    const places: Places = {};
    for (const [key, name] of Object.entries(names) as [keyof typeof names, string][]) {
      const place = placeOfName.get(name);
      if (place !== undefined) places[key] = place;
    }
    this.#places = places;
    this.#count = this.#file.count;
  }
}

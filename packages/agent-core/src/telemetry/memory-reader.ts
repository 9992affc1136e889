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

type Positions = Partial<Record<keyof typeof names, number>>;

/** Reads /proc/meminfo (proc(5)). Its names are read once: the lines do not change while the kernel runs. */
export class MemoryReader {
  readonly #host: Host;
  readonly #file: NumberFile;
  /** The index of each value among the numbers. */
  #positions: Positions = {};
  #count = -1;

  constructor(host: Host, file: NumberFile) {
    this.#host = host;
    this.#file = file;
  }

  /** In bytes; values that the kernel lacks are absent. used = total - available. */
  read(): MessageInitShape<typeof MemorySchema> {
    const numbers = this.#file.read(path);
    if (this.#file.count !== this.#count) this.#learn(numbers);
    const positions = this.#positions;
    const bytes = (position: number | undefined): bigint | undefined => {
      const kib = position === undefined ? Number.NaN : (numbers[position] ?? Number.NaN);
      return Number.isNaN(kib) ? undefined : BigInt(kib * 1024);
    };
    const total = bytes(positions.total);
    const available = bytes(positions.available);
    return withoutUndefined({
      totalBytes: total,
      availableBytes: available,
      usedBytes: total === undefined || available === undefined || available > total ? undefined : total - available,
      freeBytes: bytes(positions.free),
      cachedBytes: bytes(positions.cached),
      buffersBytes: bytes(positions.buffers),
      slabReclaimableBytes: bytes(positions.slabReclaimable),
      swapTotalBytes: bytes(positions.swapTotal),
      swapFreeBytes: bytes(positions.swapFree),
    });
  }

  /** Indices of the lines with a number, by name. */
  #learn(numbers: Float64Array): void {
    const lines = (readTrimmed(this.#host, path, maxTextBytes) ?? '').split('\n');
    const positionOfName = new Map<string, number>();
    let at = 0;
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':'));
      if (at < this.#file.count && !Number.isNaN(numbers[at])) positionOfName.set(name, at);
      while (at < this.#file.count && !Number.isNaN(numbers[at])) at += 1;
      at += 1;
    }
    const positions: Positions = {};
    for (const [key, name] of Object.entries(names) as [keyof typeof names, string][]) {
      const position = positionOfName.get(name);
      if (position !== undefined) positions[key] = position;
    }
    this.#positions = positions;
    this.#count = this.#file.count;
  }
}

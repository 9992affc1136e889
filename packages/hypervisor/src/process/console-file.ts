import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kib, type Log } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { ByteBlocks } from '../byte-blocks.ts';
import { ConsoleHistory, consoleHeadBytes, consoleTailBytes } from '../console-history.ts';

const namePattern = /^console-(\d+)\.log$/;

/** Maximum size of a history file; a larger file is not from this program. */
const maxSegmentBytes = Math.max(consoleHeadBytes, consoleTailBytes);

/**
 * After writing this many bytes the next write waits: a guest that prints endlessly writes at most 2 MiB/s to the disk,
 * and output that is superseded meanwhile is not written.
 */
const burstBytes = 64 * kib;
const burstPauseMs = 100;

interface Segment {
  /** Its offset in the console's output, which is also its name. */
  readonly offset: number;
  length: number;
}

/**
 * A console's history on disk, for the next daemon. Segments named by their offset: the first holds the head and stays;
 * of the others, at most 192 KiB each, two are kept. So the disk holds at most 448 KiB, and gaps between segments are
 * known from their names.
 */
export class ConsoleFile {
  readonly #directory: string;
  readonly #log: Log;
  #segments: Segment[];
  /** Offset of the next output byte. */
  #offset: number;
  readonly #pending = new ByteBlocks();
  #flushing: Promise<void> | undefined;
  /** The last write failed: how much of it reached the disk is unknown. */
  #failed = false;
  /** Bytes written to the disk so far. */
  writtenBytes = 0;

  private constructor(directory: string, log: Log, segments: Segment[]) {
    this.#directory = directory;
    this.#log = log;
    this.#segments = segments;
    const last = segments.at(-1);
    this.#offset = last === undefined ? 0 : last.offset + last.length;
  }

  /** Starts a new history; files of an earlier VM in the directory are removed. */
  static async create(directory: string, log: Log): Promise<ConsoleFile> {
    for (const offset of await listOffsets(directory)) await rm(segmentPath(directory, offset), { force: true });
    return new ConsoleFile(directory, log, []);
  }

  /** Continues the history of an earlier daemon. */
  static async load(directory: string, log: Log): Promise<{ file: ConsoleFile; history: ConsoleHistory }> {
    const segments: Segment[] = [];
    const history = new ConsoleHistory();
    for (const offset of await listOffsets(directory)) {
      const bytes = await readRegularFile(segmentPath(directory, offset), maxSegmentBytes);
      if (offset > history.totalBytes) history.skip(offset - history.totalBytes);
      history.append(bytes);
      segments.push({ offset, length: bytes.length });
    }
    return { file: new ConsoleFile(directory, log, segments), history };
  }

  /**
   * Copies the bytes and writes them in the background; if the disk is slower than the guest, the oldest are dropped.
   */
  append(bytes: Uint8Array): void {
    this.#pending.append(bytes);
    this.#pending.keepLast(consoleTailBytes);
    this.#offset += bytes.length;
    this.#flushing ??= this.#flush();
  }

  get waitingPieces(): number {
    return this.#pending.blockCount;
  }

  /** Resolves when all appended bytes are written. */
  async flushed(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const offset = this.#offset - this.#pending.length;
        const bytes = this.#pending.toBytes();
        this.#pending.clear();
        await this.#write(offset, bytes);
        if (bytes.length >= burstBytes && this.#pending.length > 0) await delay(burstPauseMs);
      }
    } catch (error) {
      // The history in memory is complete; only the next daemon will miss it. Logged once, not for every line.
      if (!this.#failed) this.#log.warn('console.history-not-kept', { error: String(error) });
      this.#failed = true;
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    let position = offset;
    let rest = bytes;
    while (rest.length > 0) {
      const segment = this.#segmentFor(position);
      const room = (segment.offset === 0 ? consoleHeadBytes : consoleTailBytes) - segment.length;
      const part = rest.subarray(0, room);
      await appendFile(segmentPath(this.#directory, segment.offset), part, { mode: 0o600 });
      segment.length += part.length;
      this.writtenBytes += part.length;
      this.#failed = false;
      position += part.length;
      rest = rest.subarray(part.length);
      await this.#removeOld();
    }
  }

  #segmentFor(position: number): Segment {
    const last = this.#segments.at(-1);
    const capacity = last?.offset === 0 ? consoleHeadBytes : consoleTailBytes;
    if (last !== undefined && !this.#failed && last.offset + last.length === position && last.length < capacity)
      return last;
    const segment = { offset: position, length: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** All except the head and the last two. */
  async #removeOld(): Promise<void> {
    while (this.#segments.length > 3) {
      const [old] = this.#segments.splice(1, 1);
      if (old !== undefined) await rm(segmentPath(this.#directory, old.offset), { force: true });
    }
  }
}

function segmentPath(directory: string, offset: number): string {
  return join(directory, `console-${offset}.log`);
}

async function listOffsets(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  const offsets = names.flatMap((name) => {
    const match = namePattern.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return offsets.sort((a, b) => a - b);
}

import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kib, type Log } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { ConsoleHistory, consoleHeadBytes, consoleTailBytes } from '../console-history.ts';

const namePattern = /^console-(\d+)\.log$/;

/** Of a file of ours; a larger one is somebody else's. */
const maxSegmentBytes = Math.max(consoleHeadBytes, consoleTailBytes);

/**
 * After a write of this much, the next one waits: a guest that prints without end costs the disk 2 MiB/s at most, and
 * what is overtaken meanwhile is not written.
 */
const paceBytes = 64 * kib;
const paceMs = 100;
/** Pieces that wait to be written are joined up to this. */
const joinedBytes = 4 * kib;

interface Segment {
  /** Where in the console's output it begins; its name says so. */
  readonly offset: number;
  length: number;
}

/**
 * A console's history on disk, for a daemon that comes after this one. Segments named by their offset: the first holds
 * the head and stays; of the others, 192 KiB each at most, two are kept. So the disk holds 448 KiB at most, and what is
 * missing between segments can be told from their names.
 */
export class ConsoleFile {
  readonly #directory: string;
  readonly #log: Log;
  #segments: Segment[];
  /** Offset of the next byte of output. */
  #offset: number;
  #pending: Uint8Array[] = [];
  #pendingLength = 0;
  #flushing: Promise<void> | undefined;
  /** The last write failed: how much of it is on disk is not known. */
  #failed = false;
  /** Bytes that went to the disk so far. */
  writtenBytes = 0;

  private constructor(directory: string, log: Log, segments: Segment[]) {
    this.#directory = directory;
    this.#log = log;
    this.#segments = segments;
    const last = segments.at(-1);
    this.#offset = last === undefined ? 0 : last.offset + last.length;
  }

  /** Begins anew; what an earlier VM left in the directory is removed. */
  static async create(directory: string, log: Log): Promise<ConsoleFile> {
    for (const offset of await listOffsets(directory)) await rm(segmentPath(directory, offset), { force: true });
    return new ConsoleFile(directory, log, []);
  }

  /** Goes on where an earlier daemon ended. */
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

  /** Takes a copy. Written in the background; when the disk is slower than the guest, the oldest is dropped. */
  append(bytes: Uint8Array): void {
    this.#keep(bytes);
    this.#pendingLength += bytes.length;
    this.#offset += bytes.length;
    while (this.#pendingLength > consoleTailBytes) {
      const dropped = this.#pending.shift();
      this.#pendingLength -= dropped?.length ?? this.#pendingLength;
    }
    this.#flushing ??= this.#flush();
  }

  get waitingPieces(): number {
    return this.#pending.length;
  }

  /** A guest that prints a byte at a time must not cost an object for each. */
  #keep(bytes: Uint8Array): void {
    const last = this.#pending.at(-1);
    if (last === undefined || last.length + bytes.length > joinedBytes) {
      this.#pending.push(new Uint8Array(bytes));
      return;
    }
    const joined = new Uint8Array(last.length + bytes.length);
    joined.set(last);
    joined.set(bytes, last.length);
    this.#pending[this.#pending.length - 1] = joined;
  }

  /** Resolves when all that was appended is written. */
  async flushed(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#pendingLength > 0) {
        const offset = this.#offset - this.#pendingLength;
        const bytes = Buffer.concat(this.#pending);
        this.#pending = [];
        this.#pendingLength = 0;
        await this.#write(offset, bytes);
        if (bytes.length >= paceBytes && this.#pendingLength > 0) await delay(paceMs);
      }
    } catch (error) {
      // The history in memory is whole; only a later daemon will know less. Said once, not with every line printed.
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

  /** All but the head and the last two. */
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

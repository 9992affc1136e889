import { openOptions } from '../file/open-options.ts';
import { BootTime } from '../guest-process/boot-time.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import type { EntryInit, LogFeed } from './log-feed.ts';
import { pauseFor } from './pause-for.ts';

const path = '/dev/kmsg';
/** Of the kernel: CONSOLE_EXT_LOG_MAX. */
const recordBytes = 8192;
const pollMs = 500;

/** The kernel's log. A cursor is the number of the next record. */
export async function readKernelLog(
  host: Host,
  feed: LogFeed,
  cursor: string,
  follow: boolean,
  signal: AbortSignal,
): Promise<void> {
  const boot = new BootTime(host.clock);
  const file = host.files.open(path, openOptions({ nonBlocking: true }));
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(recordBytes);
  let next = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  let isBacklog = true;
  try {
    for (;;) {
      const count = readRecord(host, file, bytes);
      if (count > 0) {
        const record = parseRecord(decoder.decode(bytes.subarray(0, count)), boot);
        if (record === undefined || record.sequence < next) continue;
        // A gap before the first record is what the kernel dropped before anybody asked.
        if (next > 0 && record.sequence > next) feed.lose(record.sequence - next);
        next = record.sequence + 1;
        await feed.offer(record.entry, `${next}`);
        signal.throwIfAborted();
        continue;
      }
      if (isBacklog) await feed.endBacklog();
      else await feed.flush();
      isBacklog = false;
      if (!follow) return;
      await pauseFor(host, pollMs, signal);
    }
  } finally {
    file.close();
  }
}

/** 0 or less: no record. Records that were overwritten meanwhile (EPIPE) show as a gap in the numbers. */
function readRecord(host: Host, file: ReturnType<Host['files']['open']>, into: Uint8Array): number {
  for (;;) {
    try {
      return host.files.readNext(file, into);
    } catch (error) {
      if (!hasErrno(error, 'EPIPE')) throw error;
    }
  }
}

/** "6,339,5140900,-;message" and lines of more fields; undefined for a malformed record. */
function parseRecord(text: string, boot: BootTime): { entry: EntryInit; sequence: number } | undefined {
  const [, facility = '', sequence = '', us = '', message = ''] =
    /^(\d{1,9}),(\d{1,15}),(\d{1,15}),[^;]*;([^\n]*)/.exec(text) ?? [];
  if (sequence === '') return undefined;
  const entry = {
    timeUnixNs: boot.unixNs() + BigInt(us) * 1000n,
    priority: Number(facility) & 7,
    source: 'kernel',
    message: message.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  };
  return { entry, sequence: Number(sequence) };
}

import { fstat, open, setTimer, unwatch, watch, writeNow } from 'host';
import type { LinePorts } from './line-writer.ts';

const STDERR = 2;
const WRITABLE = 2;
const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
const S_IFIFO = 0o010000;
/** O_WRONLY, O_NOCTTY, O_NONBLOCK. */
const openFlags = 0o1 | 0o400 | 0o4000;
const againAfterMs = 1000;

/** Standard error, with writes that never block. */
export function standardError(): LinePorts {
  const fd = ownDescriptor();
  return {
    writeNow: (bytes, from) => writeNow(fd, bytes, from, bytes.length - from),
    onWritable: (callback) => {
      try {
        const slot = watch(fd, WRITABLE, () => {
          unwatch(slot);
          callback();
        });
      } catch {
        // EPERM: epoll does not support it, such as a file. Retried.
        setTimer(againAfterMs, callback);
      }
    },
  };
}

/**
 * A terminal or pipe is opened once more: O_NONBLOCK belongs to the open file description, which is shared with the
 * shell or init, and without it a write of more than fits would block. Sockets and files stay as they are.
 */
function ownDescriptor(): number {
  try {
    const type = fstat(STDERR).mode & S_IFMT;
    return type === S_IFCHR || type === S_IFIFO ? open(`/proc/self/fd/${STDERR}`, openFlags, 0, false) : STDERR;
  } catch {
    // No /proc, or reopening is not permitted: it is then polled before each line.
    return STDERR;
  }
}

import { ownStandardError, setTimer, unwatch, watch, writeNow } from 'host';
import type { LinePorts } from './line-writer.ts';

const STDERR = 2;
const WRITABLE = 2;
const againAfterMs = 1000;

/** Standard error, with writes that never block. */
export function standardError(): LinePorts {
  ownStandardError();
  return {
    writeNow: (bytes, from) => writeNow(STDERR, bytes, from, bytes.length - from),
    onWritable: (callback) => {
      try {
        const slot = watch(STDERR, WRITABLE, () => {
          unwatch(slot);
          callback();
        });
      } catch {
        // EPERM: epoll does not support it. Retried.
        setTimer(againAfterMs, callback);
      }
    },
  };
}

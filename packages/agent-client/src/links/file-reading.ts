import type { FileInfo, ReadFileDone } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred } from '@innkeeper/kit';
import type { FileReading } from '../agent-link.ts';

/** What a download reports beside its bytes. */
export interface ReadingReports {
  readonly onInfo: (info: FileInfo) => void;
  readonly onDone: (done: ReadFileDone) => void;
}

/** A download of which callers may use the bytes, the info or the end alone: an error or a cancel is one of all three. */
export function fileReading(read: (reports: ReadingReports) => AsyncIterable<Uint8Array>): FileReading {
  const info = createDeferred<FileInfo>();
  const done = createDeferred<ReadFileDone>();
  info.promise.catch(() => undefined);
  done.promise.catch(() => undefined);
  const fail = (error: unknown): void => {
    info.reject(error);
    done.reject(error);
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* read({ onInfo: info.resolve, onDone: done.resolve });
    } catch (error) {
      fail(error);
      throw error;
    } finally {
      fail(new OperationError('CANCELED', 'The download was canceled.'));
    }
  }
  return { info: info.promise, chunks: chunks(), done: done.promise };
}

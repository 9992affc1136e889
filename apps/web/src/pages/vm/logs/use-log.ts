import { useEffect, useRef, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { type LogChoice, type LogLine, LogLines, maxKeptLines } from './log-lines.ts';

/** Lines are shown at most this often, however fast they arrive. */
const showMs = 200;

export interface FollowedLog {
  readonly lines: readonly LogLine[];
  readonly error: Error | undefined;
  /** What was there has been read; new lines follow. */
  readonly caughtUp: boolean;
}

const nothing: FollowedLog = { lines: [], error: undefined, caughtUp: false };

/** Follows a log of the guest. While `paused`, nothing is read: the guest waits, and no line is missed. */
export function useLog(vm: string, { source, unit, file, priority }: LogChoice, paused: boolean): FollowedLog {
  const [shown, setShown] = useState(nothing);
  const isPaused = useRef<{ readonly value: boolean; readonly resume: () => void }>({
    value: paused,
    resume: () => undefined,
  });
  useEffect(() => {
    const before = isPaused.current;
    isPaused.current = { value: paused, resume: () => undefined };
    if (!paused) before.resume();
  }, [paused]);

  useEffect(() => {
    setShown(nothing);
    if (source === 'file' && file === '') return;
    const leaving = new AbortController();
    const log = new LogLines();
    let caughtUp = false;
    let error: Error | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setShown({ lines: log.lines, error, caughtUp });
      }, showMs);
    };
    const untilResumed = (): Promise<void> =>
      new Promise((resolve) => {
        if (!isPaused.current.value || leaving.signal.aborted) resolve();
        else isPaused.current = { value: true, resume: resolve };
      });
    const read = async (): Promise<void> => {
      try {
        const batches = guest.logs.read(vm, {
          ...(source === 'file' ? { file } : { source }),
          unit: source === 'journal' ? unit : undefined,
          maxPriority: priority === '' || source === 'file' ? undefined : Number(priority),
          lines: maxKeptLines / 10,
          follow: true,
          signal: leaving.signal,
          onInterruption: (what) => {
            log.addNote(what === 'lost' ? 'The guest is lost; waiting.' : 'The guest is back.');
            show();
          },
        });
        for await (const batch of batches) {
          await untilResumed();
          if (leaving.signal.aborted) return;
          log.addBatch(batch);
          caughtUp ||= batch.caughtUp;
          show();
        }
      } catch (failure) {
        if (leaving.signal.aborted) return;
        error = failure instanceof Error ? failure : new Error(String(failure));
        show();
      }
    };
    void read();
    return () => {
      leaving.abort();
      isPaused.current.resume();
      clearTimeout(timer);
    };
  }, [vm, source, unit, file, priority]);
  return shown;
}

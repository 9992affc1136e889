import type { RunEvent } from '@innkeeper/contract/control';
import { linkSignals } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { cutOverlap, isLoss, Resume } from './resume.ts';
import type { CallOptions } from './services.ts';

export interface WatchRunOptions extends CallOptions {
  /** Called when the connection to the daemon is lost, and when it is back. */
  readonly onInterruption?: ((what: 'daemon lost' | 'daemon back') => void) | undefined;
}

/**
 * Yields a run's events, with all output in order and exactly once, although `open` starts from the beginning each
 * time. Waits up to 60 s for a lost daemon, then rejects with DAEMON_UNREACHABLE.
 */
export async function* watchRun(
  open: (signal: AbortSignal) => AsyncIterable<RunEvent>,
  toError: (error: unknown) => unknown,
  { signal, onInterruption }: WatchRunOptions = {},
): AsyncGenerator<RunEvent, void, undefined> {
  const left = linkSignals(signal);
  const resume = new Resume();
  /** By VM: the offset after the last byte yielded. */
  const offsets = new Map<string, bigint>();
  let hasBegun = false;
  try {
    for (;;) {
      try {
        for await (const event of open(left.signal)) {
          hasBegun = true;
          if (resume.back()) onInterruption?.('daemon back');
          if (isNew(event, offsets)) yield event;
        }
        return;
      } catch (cause) {
        if (signal?.aborted === true) throw abortError(signal);
        const error = toError(cause);
        if (!isLoss(error) || !hasBegun) throw error;
        if (!resume.isLost) onInterruption?.('daemon lost');
        await resume.pause(error, signal);
      }
    }
  } finally {
    left.abort();
    left.unlink();
  }
}

/** Whether an event is new; trims output that was partly yielded before. */
function isNew({ event }: RunEvent, offsets: Map<string, bigint>): boolean {
  if (event.case !== 'output') return true;
  const { vmId } = event.value;
  const known = offsets.get(vmId) ?? 0n;
  if (event.value.data.length === 0 || !cutOverlap(event.value, known)) return false;
  offsets.set(vmId, event.value.offset + BigInt(event.value.data.length));
  return true;
}

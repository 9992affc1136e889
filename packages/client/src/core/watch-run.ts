import type { RunEvent } from '@innkeeper/contract/control';
import { linkSignals } from '@innkeeper/kit';
import { abortError } from './abort-error.ts';
import { cutOverlap, isLoss, Resume } from './resume.ts';
import type { CallOptions } from './services.ts';

export interface WatchRunOptions extends CallOptions {
  /** Told when the daemon is lost and found again meanwhile. */
  readonly onInterruption?: ((what: 'daemon lost' | 'daemon back') => void) | undefined;
}

/**
 * A run's events, each piece of output once and in order, although `open` begins anew each time. For 60 s, a daemon that
 * was lost is waited for; then it rejects with DAEMON_UNREACHABLE.
 */
export async function* watchRun(
  open: (signal: AbortSignal) => AsyncIterable<RunEvent>,
  toError: (error: unknown) => unknown,
  { signal, onInterruption }: WatchRunOptions = {},
): AsyncGenerator<RunEvent, void, undefined> {
  const left = linkSignals(signal);
  const resume = new Resume();
  /** By VM, after the last byte that was given. */
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

/** Whether there is anything new in it; output that was given in part is cut. */
function isNew({ event }: RunEvent, offsets: Map<string, bigint>): boolean {
  if (event.case !== 'output') return true;
  const { vmId } = event.value;
  const known = offsets.get(vmId) ?? 0n;
  if (event.value.data.length === 0 || !cutOverlap(event.value, known)) return false;
  offsets.set(vmId, event.value.offset + BigInt(event.value.data.length));
  return true;
}

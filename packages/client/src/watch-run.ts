import type { RunEvent } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { abortError } from './abort-error.ts';
import type { CallOptions } from './agent-clients.ts';

/** Milliseconds that a daemon which was lost is waited for. */
const returnWithinMs = 60_000;
const retryAfterMs = 200;

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
  const left = new AbortController();
  const either = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  /** By VM, after the last byte that was given. */
  const offsets = new Map<string, bigint>();
  let lostAtMs: number | undefined;
  let hasBegun = false;
  try {
    for (;;) {
      try {
        for await (const event of open(either)) {
          hasBegun = true;
          if (lostAtMs !== undefined) onInterruption?.('daemon back');
          lostAtMs = undefined;
          if (isNew(event, offsets)) yield event;
        }
        return;
      } catch (cause) {
        if (signal?.aborted === true) throw abortError(signal);
        const error = toError(cause);
        const isLost = isOperationError(error) && error.reason === 'DAEMON_UNREACHABLE';
        if (!isLost || !hasBegun || performance.now() - (lostAtMs ?? performance.now()) > returnWithinMs) throw error;
        if (lostAtMs === undefined) onInterruption?.('daemon lost');
        lostAtMs ??= performance.now();
        await pause(retryAfterMs, signal);
      }
    }
  } finally {
    left.abort();
  }
}

/** Whether there is anything new in it; output that was given in part is cut. */
function isNew({ event }: RunEvent, offsets: Map<string, bigint>): boolean {
  if (event.case !== 'output') return true;
  const { vmId, offset, data } = event.value;
  const known = offsets.get(vmId) ?? 0n;
  const end = offset + BigInt(data.length);
  if (end <= known) return false;
  if (offset < known) {
    event.value.data = data.subarray(Number(known - offset));
    event.value.offset = known;
  }
  offsets.set(vmId, end);
  return true;
}

/** Rejects as an abort does. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(abortError(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Time as sessions, tokens and throttles use it; a test hands in its own. */
export interface AccessClock {
  /** Wall time in milliseconds since the epoch. */
  nowMs(): number;
  /** Calls back again and again; the function returned ends it. */
  repeat(intervalMs: number, callback: () => void): () => void;
}

/** The clock of this process. Its timers do not keep the process alive. */
export const hostAccessClock: AccessClock = {
  nowMs: () => Date.now(),
  repeat: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

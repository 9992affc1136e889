import { formatDuration } from './format-duration.ts';

/** How long something took: "340 ms", "2.4 s", "45 s", "3 h 20 min". */
export function formatElapsed(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  if (ms < 1000) return `${ms} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms / 1000);
}

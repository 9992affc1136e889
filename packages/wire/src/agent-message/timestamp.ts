const nsPerSecond = 1_000_000_000n;

/** Nanoseconds since the Unix epoch as a Timestamp, whose nanoseconds are never negative. */
export function timestampOf(unixNs: bigint): { readonly seconds: bigint; readonly nanos: number } {
  const nanos = ((unixNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return { seconds: (unixNs - nanos) / nsPerSecond, nanos: Number(nanos) };
}

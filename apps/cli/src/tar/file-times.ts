const nsPerSecond = 1_000_000_000n;

/** A time for Node.js, which takes seconds as a number: exact to less than a microsecond. */
export function secondsOf(ns: bigint): number {
  return Number(ns / nsPerSecond) + Number(ns % nsPerSecond) / 1e9;
}

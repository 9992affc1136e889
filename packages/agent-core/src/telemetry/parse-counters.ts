/** What an interface has carried since it came up. */
export interface InterfaceCounters {
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  /** With those that the card itself dropped for want of room (rx_missed_errors). */
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/** /proc/net/dev (proc(5)) by interface: one file for all of them, where sysfs has eight for each. */
export function parseCounters(text: string): Map<string, InterfaceCounters> {
  const found = new Map<string, InterfaceCounters>();
  for (const line of text.split('\n')) {
    // Names have no colon in them; both lines of the heading have none either.
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const words = line.slice(colon + 1).match(/\d+/g);
    if (words === null || words.length < 12) continue;
    const counter = (column: number): bigint => BigInt(words[column] ?? 0);
    found.set(line.slice(0, colon).trim(), {
      rxBytes: counter(0),
      rxPackets: counter(1),
      rxErrors: counter(2),
      rxDropped: counter(3),
      txBytes: counter(8),
      txPackets: counter(9),
      txErrors: counter(10),
      txDropped: counter(11),
    });
  }
  return found;
}

/** A figure, and its comparison with a peer in the same VM and run. */
export interface Metric {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** The peer: "qemu-ga", "dd", "C program". */
  readonly peer?: string | undefined;
  readonly peerValue?: number | undefined;
  /** value / peerValue. */
  readonly ratio?: number | undefined;
  /** The target as text: "<= 0.6 x". */
  readonly target?: string | undefined;
  /** Whether the target is met; absent without a target. */
  readonly ok?: boolean | undefined;
}

type Compare = { readonly atMost: number } | { readonly atLeast: number };

export interface MetricInput {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number } | undefined;
  /** A limit on the value, or on its ratio to the peer. */
  readonly bound?: { readonly of: 'value' | 'ratio'; readonly is: Compare } | undefined;
}

/** Computes the ratio and the verdict. */
export function makeMetric({ metric, value, unit, peer, bound }: MetricInput): Metric {
  const ratio = peer === undefined || peer.value === 0 ? undefined : value / peer.value;
  const judged = bound?.of === 'ratio' ? ratio : value;
  const ok =
    bound === undefined || judged === undefined
      ? undefined
      : 'atMost' in bound.is
        ? judged <= bound.is.atMost
        : judged >= bound.is.atLeast;
  const target =
    bound === undefined
      ? undefined
      : `${'atMost' in bound.is ? `<= ${bound.is.atMost}` : `>= ${bound.is.atLeast}`}${bound.of === 'ratio' ? ' x' : ` ${unit}`}`;
  return { metric, value, unit, peer: peer?.name, peerValue: peer?.value, ratio, target, ok };
}

/** The median; NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The percentile `share` (0 to 1); NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

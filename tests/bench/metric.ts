/** One figure, and how it stands beside a peer's in the same VM and the same run. */
export interface Metric {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** Who is compared with: "qemu-ga", "dd", "C program". */
  readonly peer?: string | undefined;
  readonly peerValue?: number | undefined;
  /** value / peerValue. */
  readonly ratio?: number | undefined;
  /** What DESIGN asks for, as text: "<= 0.6 x". */
  readonly target?: string | undefined;
  /** Whether the target is reached; absent where there is none. */
  readonly ok?: boolean | undefined;
}

type Compare = { readonly atMost: number } | { readonly atLeast: number };

export interface MetricInput {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number } | undefined;
  /** A bound for the value itself, or for its ratio to the peer. */
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

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The value that `share` of all are not above; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

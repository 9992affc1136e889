import type { JSX } from 'react';
import { formatPercent } from '../format/format-percent.ts';
import { Unknown } from './unknown.tsx';

export interface PercentBarProps {
  /** 0 to 100; undefined: unknown. */
  readonly percent: number | undefined;
  /** Why the value is unknown. */
  readonly reason: string;
  /** For screen readers: "Memory". */
  readonly label: string;
  /** Details, shown on hover. */
  readonly hint?: string | undefined;
}

/** A percentage as number and bar. Amber from 80, red from 95. */
export function PercentBar({ percent, reason, label, hint }: PercentBarProps): JSX.Element {
  if (percent === undefined) return <Unknown reason={reason} />;
  const level = percent >= 95 ? 'bad' : percent >= 80 ? 'warn' : 'normal';
  return (
    <span className="percent-bar" data-hint={hint}>
      <span className="percent-bar-track" aria-hidden="true">
        <span className={`percent-bar-fill ${level}`} style={{ width: `${Math.max(percent, 1)}%` }} />
      </span>
      <span className="number">
        <span className="visually-hidden">{label} </span>
        {formatPercent(percent)}
      </span>
    </span>
  );
}

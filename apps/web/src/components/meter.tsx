import type { JSX, ReactNode } from 'react';

export interface MeterProps {
  readonly label: string;
  /** Between the label and the detail, such as the figure's source. */
  readonly source?: ReactNode;
  readonly detail: string;
  /** The bar. */
  readonly children: ReactNode;
}

/** A bar with its label, and the amounts behind its percentage. */
export function Meter({ label, source, detail, children }: MeterProps): JSX.Element {
  return (
    <div className="meter">
      <span className="row">
        <span className="meter-label">{label}</span>
        {source}
        <span className="dim number ellipsis meter-detail">{detail}</span>
      </span>
      {children}
    </div>
  );
}

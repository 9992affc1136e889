import { type JSX, type ReactNode, useId } from 'react';

export interface CardProps {
  readonly title: string;
  /** At the right of the title: where it comes from, a link. */
  readonly beside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A titled part of a page. */
export function Card({ title, beside, className, children }: CardProps): JSX.Element {
  const id = useId();
  return (
    <section className={className === undefined ? 'card' : `card ${className}`} aria-labelledby={id}>
      <div className="card-title">
        <h2 id={id}>{title}</h2>
        {beside !== undefined && <span className="card-beside">{beside}</span>}
      </div>
      <div className="card-body">{children}</div>
    </section>
  );
}

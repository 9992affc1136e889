import { type JSX, type ReactNode, useId } from 'react';

export interface CardProps {
  readonly title: string;
  /** Shown at the right of the title: a source, a link, a button. */
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A titled section of a page. */
export function Card({ title, aside, className, children }: CardProps): JSX.Element {
  const id = useId();
  return (
    <section className={className === undefined ? 'card' : `card ${className}`} aria-labelledby={id}>
      <div className="card-title">
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <span className="card-aside">{aside}</span>}
      </div>
      <div className="card-body">{children}</div>
    </section>
  );
}

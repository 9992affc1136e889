import type { JSX } from 'react';

/** Stands where a figure is not known, with the reason. Never 0. */
export function Unknown({ reason }: { readonly reason: string }): JSX.Element {
  return (
    <span className="dim" data-hint={reason}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">Not known: {reason}</span>
    </span>
  );
}

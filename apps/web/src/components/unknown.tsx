import type { JSX } from 'react';

/** Placeholder for an unknown figure, with the reason. Unknown is never shown as 0. */
export function Unknown({ reason }: { readonly reason: string }): JSX.Element {
  return (
    <span className="dim" data-hint={reason}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">Unknown: {reason}</span>
    </span>
  );
}

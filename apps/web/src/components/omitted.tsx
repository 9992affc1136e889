import type { JSX } from 'react';

/** A note under a table that does not have all entries; nothing if none were left out. */
export function Omitted({
  count = 0,
  what,
}: {
  readonly count: number | undefined;
  readonly what: string;
}): JSX.Element | null {
  return count === 0 ? null : (
    <p className="dim">
      {count} more {what}
    </p>
  );
}

import type { JSX, ReactNode } from 'react';

/** Names and what they are, one a line, in their order. Entries that are undefined are left out. */
export function Fields({ entries }: { readonly entries: Readonly<Record<string, ReactNode>> }): JSX.Element {
  return (
    <dl className="fields">
      {Object.entries(entries)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

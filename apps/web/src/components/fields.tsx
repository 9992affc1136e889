import type { JSX, ReactNode } from 'react';

/** A list of names and values, one per line. Undefined entries are omitted. */
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

import type { JSX } from 'react';

const hints = {
  agent: 'Measured inside the guest by the agent',
  hypervisor: 'Measured on the host: usage of the hypervisor process',
} as const;

/** Labels the source of a figure. Figures of guest and host are never mixed. */
export function SourceLabel({ source }: { readonly source: keyof typeof hints }): JSX.Element {
  return (
    <span className={`source-label ${source}`} data-hint={hints[source]}>
      {source}
    </span>
  );
}

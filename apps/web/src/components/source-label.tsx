import type { JSX } from 'react';

const hints = {
  agent: 'Measured inside the guest, by the agent',
  hypervisor: 'Measured on the host: what the hypervisor’s process uses',
} as const;

/** Where a figure comes from. The guest's and the host's are never mixed. */
export function SourceLabel({ source }: { readonly source: keyof typeof hints }): JSX.Element {
  return (
    <span className={`source-label ${source}`} data-hint={hints[source]}>
      {source}
    </span>
  );
}

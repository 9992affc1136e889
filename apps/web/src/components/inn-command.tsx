import type { JSX } from 'react';
import { CopyButton } from './copy-button.tsx';

/** The `inn` command that does the same, to copy. Stands beside every action. */
export function InnCommand({ command }: { readonly command: string }): JSX.Element {
  return (
    <span className="inn-command">
      <code className="ellipsis">{command}</code>
      <CopyButton text={command} label="Copy as inn command" />
    </span>
  );
}

import type { JSX } from 'react';
import { CopyButton } from './copy-button.tsx';

/** The equivalent `inn` command of an action, with a copy button. */
export function InnCommand({ command }: { readonly command: string }): JSX.Element {
  return (
    <span className="inn-command">
      <code className="ellipsis">{command}</code>
      <CopyButton text={command} label="Copy as inn command" />
    </span>
  );
}

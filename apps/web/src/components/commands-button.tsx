import { Popover } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from './icon.tsx';
import { InnCommand } from './inn-command.tsx';

export interface NamedCommand {
  readonly label: string;
  readonly command: string;
}

/** A popover with the page's actions as `inn` commands, to copy. */
export function CommandsButton({ commands }: { readonly commands: readonly NamedCommand[] }): JSX.Element {
  return (
    <Popover position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="icon-button" aria-label="Copy as inn command" data-hint="Copy as inn command">
          <Icon name="command" />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Commands for the command line">
        <dl className="commands">
          {commands.map(({ label, command }) => (
            <div key={label}>
              <dt className="dim">{label}</dt>
              <dd>
                <InnCommand command={command} />
              </dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}

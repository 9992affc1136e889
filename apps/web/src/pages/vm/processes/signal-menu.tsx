import type { GuestProcess } from '@innkeeper/contract/agent';
import { Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import { type Signal, signals } from './signals.ts';

export interface SignalMenuProps {
  readonly process: GuestProcess;
  /** Why the process cannot be signalled; undefined if it can. */
  readonly refusal: string | undefined;
  readonly onSignal: (process: GuestProcess, signal: Signal, tree: boolean) => void;
}

/** Menu of signals for one process. It is created only when opened, since there are many rows. */
export function SignalMenu({ process, refusal, onSignal }: SignalMenuProps): JSX.Element {
  const [opened, setOpened] = useState(false);
  const [tree, setTree] = useState(false);
  const label = `Signal ${showName(process.name)} (${process.pid})`;
  const button = (
    <button
      type="button"
      className="icon-button small"
      aria-label={label}
      aria-haspopup="menu"
      data-hint={refusal ?? 'Send a signal'}
      aria-disabled={refusal !== undefined}
      onClick={() => refusal === undefined && setOpened(!opened)}
    >
      <Icon name="signal" size={15} />
    </button>
  );
  if (!opened) return button;
  return (
    // Rendered inside #content, because other places are outside of any landmark.
    <Menu
      opened
      onChange={setOpened}
      position="bottom-end"
      width={300}
      portalProps={{ target: '#content' }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown aria-label={label}>
        {signals.map((signal) => (
          <Menu.Item
            key={signal.name}
            {...(signal.danger ? { c: 'var(--ik-bad)' } : {})}
            onClick={() => onSignal(process, signal, tree)}
          >
            <span className="processes-signal">
              <code>{signal.name}</code>
              <span className="dim">{signal.effect}</span>
            </span>
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.CheckboxItem checked={tree} closeMenuOnClick={false} onChange={setTree}>
          Whole process tree: include all descendants
        </Menu.CheckboxItem>
      </Menu.Dropdown>
    </Menu>
  );
}

import type { GuestProcess } from '@innkeeper/contract/agent';
import { Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { RowMenu } from '../../../components/row-menu.tsx';
import { showName } from '../../../format/show-name.ts';
import { type Signal, signals } from './signals.ts';

export interface SignalMenuProps {
  readonly process: GuestProcess;
  /** Why the process cannot be signalled; undefined if it can. */
  readonly refusal: string | undefined;
  readonly onSignal: (process: GuestProcess, signal: Signal, tree: boolean) => void;
}

/** Menu of signals for one process. */
export function SignalMenu({ process, refusal, onSignal }: SignalMenuProps): JSX.Element {
  const [tree, setTree] = useState(false);
  const label = `Signal ${showName(process.name)} (${process.pid})`;
  return (
    <RowMenu label={label} icon="signal" hint="Send a signal" refusal={refusal} width={300}>
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
    </RowMenu>
  );
}

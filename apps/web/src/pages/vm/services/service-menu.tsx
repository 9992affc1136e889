import type { Unit } from '@innkeeper/contract/agent';
import { Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import { actionRefusal, type ServiceAction, serviceActions } from './service-view.ts';

export interface ServiceMenuProps {
  readonly unit: Unit;
  /** Why nothing may be done; undefined if it may. */
  readonly refusal: string | undefined;
  readonly onAction: (unit: Unit, action: ServiceAction) => void;
}

/** Menu of actions on one service. It is created only when opened, since there are many rows. */
export function ServiceMenu({ unit, refusal, onAction }: ServiceMenuProps): JSX.Element {
  const [opened, setOpened] = useState(false);
  const label = `Actions on ${showName(unit.name)}`;
  const button = (
    <button
      type="button"
      className="icon-button small"
      aria-label={label}
      aria-haspopup="menu"
      data-hint={refusal ?? 'Start, stop, enable …'}
      aria-disabled={refusal !== undefined}
      onClick={() => refusal === undefined && setOpened(!opened)}
    >
      <Icon name="more" size={15} />
    </button>
  );
  if (!opened) return button;
  return (
    // Rendered inside #content, because other places are outside of any landmark.
    <Menu
      opened
      onChange={setOpened}
      position="bottom-end"
      portalProps={{ target: '#content' }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown aria-label={label}>
        {serviceActions.map((action) => {
          const impossible = actionRefusal(unit, action.verb);
          return (
            <Menu.Item
              key={action.verb}
              disabled={impossible !== undefined}
              data-hint={impossible}
              {...(action.verb === 'stop' ? { c: 'var(--ik-bad)' } : {})}
              onClick={() => onAction(unit, action)}
            >
              {action.label}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

import type { Unit } from '@innkeeper/contract/agent';
import { Menu } from '@mantine/core';
import type { JSX } from 'react';
import { RowMenu } from '../../../components/row-menu.tsx';
import { showName } from '../../../format/show-name.ts';
import { actionRefusal, type ServiceAction, serviceActions } from './service-view.ts';

export interface ServiceMenuProps {
  readonly unit: Unit;
  /** Why nothing may be done; undefined if it may. */
  readonly refusal: string | undefined;
  readonly onAction: (unit: Unit, action: ServiceAction) => void;
}

/** Menu of actions on one service. */
export function ServiceMenu({ unit, refusal, onAction }: ServiceMenuProps): JSX.Element {
  const label = `Actions on ${showName(unit.name)}`;
  return (
    <RowMenu label={label} icon="more" hint="Start, stop, enable …" refusal={refusal}>
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
    </RowMenu>
  );
}

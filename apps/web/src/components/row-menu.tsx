import { Menu } from '@mantine/core';
import { type JSX, type ReactNode, useState } from 'react';
import { Icon, type IconName } from './icon.tsx';

export interface RowMenuProps {
  /** What the menu is for, with the row's name. */
  readonly label: string;
  readonly icon: IconName;
  readonly hint: string;
  /** Why nothing may be done; undefined if it may. */
  readonly refusal: string | undefined;
  /** In pixels; as wide as its content if not set. */
  readonly width?: number;
  readonly children: ReactNode;
}

/** Menu of one row of a table. It is created only when opened, since there are many rows. */
export function RowMenu({ label, icon, hint, refusal, width, children }: RowMenuProps): JSX.Element {
  const [opened, setOpened] = useState(false);
  const button = (
    <button
      type="button"
      className="icon-button small"
      aria-label={label}
      aria-haspopup="menu"
      data-hint={refusal ?? hint}
      aria-disabled={refusal !== undefined}
      onClick={() => refusal === undefined && setOpened(!opened)}
    >
      <Icon name={icon} size={15} />
    </button>
  );
  if (!opened) return button;
  return (
    // Rendered inside #content, because other places are outside of any landmark.
    <Menu
      opened
      onChange={setOpened}
      position="bottom-end"
      {...(width === undefined ? {} : { width })}
      portalProps={{ target: '#content' }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown aria-label={label}>{children}</Menu.Dropdown>
    </Menu>
  );
}

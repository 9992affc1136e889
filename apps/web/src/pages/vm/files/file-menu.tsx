import { type FileInfo, FileKind } from '@innkeeper/contract/agent';
import { downloadName } from '@innkeeper/kit';
import { Menu } from '@mantine/core';
import { type JSX, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { Icon } from '../../../components/icon.tsx';
import { showName } from '../../../format/show-name.ts';
import { baseName } from './file-path.ts';

export type FileAction = 'edit' | 'rename' | 'access' | 'remove' | 'commands';

export interface FileMenuProps {
  readonly vm: string;
  readonly file: FileInfo;
  /** Why nothing may be changed; undefined if it may. */
  readonly readOnly: string | undefined;
  readonly onAction: (action: FileAction, file: FileInfo) => void;
}

/** The actions of one entry. The menu is created only when opened, since there are many rows. */
export function FileMenu({ vm, file, readOnly, onAction }: FileMenuProps): JSX.Element {
  const [opened, setOpened] = useState(false);
  const name = baseName(file.path);
  const label = `Actions for ${showName(name)}`;
  const button = (
    <button
      type="button"
      className="icon-button small"
      aria-label={label}
      aria-haspopup="menu"
      onClick={() => setOpened(!opened)}
    >
      <Icon name="more" size={16} />
    </button>
  );
  if (!opened) return button;
  const folder = file.kind === FileKind.DIRECTORY;
  const change = (action: FileAction, text: string, danger = false): JSX.Element => (
    <span role="none" data-hint={readOnly}>
      <Menu.Item
        disabled={readOnly !== undefined}
        {...(danger ? { c: 'var(--ik-bad)' } : {})}
        onClick={() => onAction(action, file)}
      >
        {text}
      </Menu.Item>
    </span>
  );
  return (
    // Rendered inside #content, because other places are outside of any landmark.
    <Menu
      opened
      onChange={setOpened}
      position="bottom-end"
      width={220}
      portalProps={{ target: '#content' }}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown aria-label={label}>
        {!folder && file.kind === FileKind.REGULAR && (
          <Menu.Item onClick={() => onAction('edit', file)}>
            {readOnly === undefined ? 'View or edit' : 'View'}
          </Menu.Item>
        )}
        <Menu.Item
          component="a"
          href={folder ? guest.files.tarUrl(vm, file.path) : guest.files.url(vm, file.path)}
          download={downloadName(folder ? `${name}.tar` : name)}
        >
          {folder ? 'Download as tar' : 'Download'}
        </Menu.Item>
        {change('rename', 'Rename or move')}
        {change('access', 'Mode and owner')}
        <Menu.Item onClick={() => onAction('commands', file)}>Copy as inn command</Menu.Item>
        <Menu.Divider />
        {change('remove', 'Delete', true)}
      </Menu.Dropdown>
    </Menu>
  );
}

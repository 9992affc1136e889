import { Button, Menu } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../components/icon.tsx';
import { buildImage } from './image-actions.tsx';

const kinds = [
  ['tiny', 'Small: busybox, boots in a second'],
  ['debian', 'Debian with systemd'],
  ['debian-openrc', 'Debian with OpenRC'],
] as const;

/** The ways to get an image: a file or URL of the user's, or one built from Debian packages. */
export function AddImage({
  taken,
  onAdd,
}: {
  readonly taken: readonly string[];
  readonly onAdd: () => void;
}): JSX.Element {
  return (
    <div className="row">
      <Menu position="bottom-end" width={280}>
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="build" size={16} />}>
            Build
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kinds.map(([kind, what]) => (
            <Menu.Item key={kind} onClick={() => void buildImage(kind, taken.includes(kind))}>
              <strong>{taken.includes(kind) ? `Rebuild ${kind}` : `Build ${kind}`}</strong>
              <div className="dim">{what}</div>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button leftSection={<Icon name="plus" size={16} />} onClick={onAdd}>
        Add an image
      </Button>
    </div>
  );
}

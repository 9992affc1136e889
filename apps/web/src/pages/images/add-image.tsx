import { Button, Menu } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../components/icon.tsx';
import { buildImage } from './image-actions.tsx';

const kinds = [
  ['tiny', 'Small: busybox, boots in a second'],
  ['debian', 'Debian with systemd'],
  ['debian-openrc', 'Debian with OpenRC'],
] as const;

/** The ways to get an image. */
export function AddImage({ taken }: { readonly taken: readonly string[] }): JSX.Element {
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <Button leftSection={<Icon name="build" size={16} />}>Build an image</Button>
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
  );
}

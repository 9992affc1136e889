import { Menu } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../icon.tsx';

const control = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) & 0x1f);
const keys: readonly (readonly [name: string, input: string, effect: string])[] = [
  ['Ctrl+C', control('C'), 'Interrupt'],
  ['Ctrl+D', control('D'), 'End of input'],
  ['Ctrl+Z', control('Z'), 'Suspend'],
  ['Ctrl+\\', '\x1c', 'Quit'],
  ['Ctrl+W', control('W'), 'Delete a word'],
  ['Esc', '\x1b', ''],
  ['Tab', '\t', 'Complete'],
  ['↑', '\x1b[A', 'Previous command'],
  ['↓', '\x1b[B', 'Next command'],
];

/** Menu of keys that a phone does not have or that the browser intercepts. */
export function KeysMenu({
  onSend,
  disabled,
}: {
  readonly onSend: (input: string) => void;
  readonly disabled: boolean;
}): JSX.Element {
  return (
    <Menu position="bottom-end" width={210} returnFocus={false}>
      <Menu.Target>
        <button
          type="button"
          className="icon-button"
          aria-label="Send a key"
          data-hint="Send a key"
          disabled={disabled}
        >
          <Icon name="keyboard" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {keys.map(([name, input, effect]) => (
          <Menu.Item key={name} onClick={() => onSend(input)} rightSection={<span className="dim">{effect}</span>}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

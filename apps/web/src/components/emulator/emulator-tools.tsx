import type { JSX } from 'react';
import { CommandsButton, type NamedCommand } from '../commands-button.tsx';
import { Icon } from '../icon.tsx';
import { saveAsFile } from '../save-as-file.ts';
import { showToast } from '../toasts.tsx';
import { copyFrom } from './copy-from.ts';
import type { Emulator } from './emulator.ts';
import { useFontSize } from './font-size.ts';
import { KeysMenu } from './keys-menu.tsx';

export interface EmulatorToolsProps {
  readonly emulator: Emulator | undefined;
  /** Name of the file that the text is saved to, without extension. */
  readonly fileName: string;
  readonly mayType: boolean;
  readonly commands: readonly NamedCommand[];
  readonly onSearch: () => void;
  readonly full: boolean;
  readonly onFull: () => void;
}

/** The toolbar of a terminal. */
export function EmulatorTools(props: EmulatorToolsProps): JSX.Element {
  const { emulator, fileName, mayType, commands, onSearch, full, onFull } = props;
  const { grow } = useFontSize();
  const tool = (icon: Parameters<typeof Icon>[0]['name'], label: string, act: () => void, keys = ''): JSX.Element => (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      data-hint={keys === '' ? label : `${label} (${keys})`}
      disabled={emulator === undefined}
      onClick={act}
    >
      <Icon name={icon} />
    </button>
  );
  const send = (input: string): void => {
    emulator?.terminal.input(input);
    emulator?.terminal.focus();
  };
  return (
    <div className="emulator-tools" role="toolbar" aria-label="Terminal tools">
      {tool('search', 'Find', onSearch, 'Ctrl+Shift+F')}
      {tool('smaller', 'Smaller text', () => grow(-1))}
      {tool('larger', 'Larger text', () => grow(1))}
      {tool('copy', 'Copy selection', () => emulator && copyFrom(emulator), 'Ctrl+Shift+C')}
      {mayType && tool('paste', 'Paste', () => emulator && void pasteInto(emulator), 'Ctrl+Shift+V')}
      <KeysMenu onSend={send} disabled={!mayType || emulator === undefined} />
      {tool('download', 'Save as text', () => saveAsFile(`${fileName}.txt`, emulator?.text() ?? '', 'text/plain'))}
      <CommandsButton commands={commands} />
      {tool(full ? 'shrink' : 'expand', full ? 'Exit full screen' : 'Full screen', onFull)}
    </div>
  );
}

async function pasteInto(emulator: Emulator): Promise<void> {
  emulator.terminal.focus();
  try {
    emulator.terminal.paste(await navigator.clipboard.readText());
  } catch {
    // Browsers let a page read the clipboard only over TLS or on localhost, after asking; the paste key always works.
    showToast({
      id: 'terminal-paste',
      tone: 'bad',
      title: 'The browser refused access to the clipboard',
      body: 'Press Ctrl+Shift+V (⌘V on a Mac) in the terminal.',
    });
  }
}

import { copyText } from '../copy-text.ts';
import { showToast } from '../toasts.tsx';
import type { Emulator } from './emulator.ts';

/** Copies the selection, or explains how to select if there is none. */
export function copyFrom({ terminal }: Emulator): void {
  const id = 'terminal-copy';
  const text = terminal.getSelection();
  if (text === '') {
    const body = 'Drag over text, or double-click a word. If a program uses the mouse, hold Shift.';
    showToast({ id, tone: 'bad', title: 'Nothing is selected', body });
    return;
  }
  void copyText(text).then((copied) => {
    const lines = text.split('\n').length;
    const title = copied ? `Copied ${lines === 1 ? '1 line' : `${lines} lines`}` : 'The browser refused to copy';
    showToast({ id, tone: copied ? 'ok' : 'bad', title });
    terminal.focus();
  });
}

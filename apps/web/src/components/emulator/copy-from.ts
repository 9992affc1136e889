import { copyText } from '../copy-text.ts';
import { showToast } from '../toasts.tsx';
import type { Emulator } from './emulator.ts';

/** Copies what is selected; says how when nothing is. */
export function copyFrom({ terminal }: Emulator): void {
  const id = 'terminal-copy';
  const text = terminal.getSelection();
  if (text === '') {
    const body = 'Drag over text, or double-click a word. Where a program takes the mouse, hold Shift.';
    showToast({ id, tone: 'bad', title: 'Nothing is selected', body });
    return;
  }
  void copyText(text).then((copied) => {
    const lines = text.split('\n').length;
    const title = copied ? `Copied ${lines === 1 ? '1 line' : `${lines} lines`}` : 'The browser did not copy';
    showToast({ id, tone: copied ? 'ok' : 'bad', title });
    terminal.focus();
  });
}

import type headless from '@xterm/headless';

const mouseModes = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 } as const;

/** The sequences that set a new terminal to the modes of this one. */
export function modesOf({ modes }: Pick<headless.Terminal, 'modes'>): string {
  const numbers = [
    modes.applicationCursorKeysMode ? 1 : 0,
    modes.originMode ? 6 : 0,
    modes.reverseWraparoundMode ? 45 : 0,
    modes.applicationKeypadMode ? 66 : 0,
    mouseModes[modes.mouseTrackingMode],
    modes.sendFocusMode ? 1004 : 0,
    modes.bracketedPasteMode ? 2004 : 0,
  ].filter((number) => number > 0);
  const isSet = numbers.map((number) => `\x1b[?${number}h`).join('');
  return `${isSet}${modes.insertMode ? '\x1b[4h' : ''}${modes.wraparoundMode ? '' : '\x1b[?7l'}`;
}

/*
 * Control sequences that a VM's terminals ignore, on both sides of the API: the daemon's headless xterm.js keeps the
 * screen, and the browser's xterm.js continues from it. Both must ignore the same ones, or their screens differ.
 */

/** The part of xterm.js, headless or not, that is used here. */
export interface CountingTerminal {
  readonly cols: number;
  readonly rows: number;
  readonly parser: {
    registerCsiHandler(
      id: { readonly prefix?: string; readonly intermediates?: string; readonly final: string },
      callback: (parameters: (number | number[])[]) => boolean,
    ): unknown;
  };
}

/** Insert and delete lines, scroll up and down. */
const byRows = [{ final: 'L' }, { final: 'M' }, { final: 'S' }, { final: 'T' }];
/** Tabs, columns, and repeating the last character. */
const byColumns = [
  ...[{ final: 'I' }, { final: 'Z' }, { final: 'b' }],
  ...[
    { intermediates: "'", final: '}' },
    { intermediates: "'", final: '~' },
  ],
  ...[
    { intermediates: ' ', final: '@' },
    { intermediates: ' ', final: 'A' },
  ],
];

/**
 * Lets a terminal ignore sequences that repeat something more often than its screen has rows or columns. xterm.js
 * performs each repetition separately, so eleven bytes from a guest ("ESC [ 2147483647 S") would keep it busy for hours,
 * and the same with "b" would use gigabytes.
 */
export function ignoreHugeCounts(terminal: CountingTerminal): void {
  for (const id of byRows) terminal.parser.registerCsiHandler(id, (all) => all.flat().some((n) => n > terminal.rows));
  for (const id of byColumns)
    terminal.parser.registerCsiHandler(id, (all) => all.flat().some((n) => n > terminal.cols));
}

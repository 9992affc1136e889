/*
 * What the terminals of a VM obey on both sides of the API: the daemon's headless xterm.js keeps the screen, the browser's
 * goes on from it. A sequence that only one of them ignores would leave them with two different screens.
 */

/** Of xterm.js and of its headless form, what is used here. */
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
/** Tabs, columns, and the last character again. */
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
 * Lets a terminal ignore sequences that repeat something more often than its screen has rows or columns. xterm.js does
 * each repetition by itself, so eleven bytes of a guest ("ESC [ 2147483647 S") would keep it busy for hours, and those
 * with "b" would take gigabytes.
 */
export function ignoreHugeCounts(terminal: CountingTerminal): void {
  for (const id of byRows) terminal.parser.registerCsiHandler(id, (all) => all.flat().some((n) => n > terminal.rows));
  for (const id of byColumns)
    terminal.parser.registerCsiHandler(id, (all) => all.flat().some((n) => n > terminal.cols));
}

import { ignoreHugeCounts } from '@innkeeper/contract/terminal';
import type { Terminal } from '@xterm/xterm';

/**
 * Titles, icons, the folder, links, colours of the palette's owner, notifications, the clipboard, what shells mark:
 * sequences by which a guest would reach beyond its own screen. The palette itself (4, 104) and the text's colours stay.
 */
const ignoredOsc = [0, 1, 2, 7, 8, 9, 50, 52, 99, 133, 633, 777, 1337];

/** Takes from what a guest prints everything that reaches beyond the screen. Before anything is written. */
export function restrainEmulator(terminal: Pick<Terminal, 'parser' | 'cols' | 'rows'>): void {
  ignoreHugeCounts(terminal);
  for (const number of ignoredOsc) terminal.parser.registerOscHandler(number, () => true);
  // Windows: moving, sizing, a stack of titles, and answers about them.
  terminal.parser.registerCsiHandler({ final: 't' }, () => true);
}

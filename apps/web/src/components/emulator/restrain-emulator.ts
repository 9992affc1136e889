import { ignoreHugeCounts } from '@innkeeper/contract/terminal';
import type { Terminal } from '@xterm/xterm';

/**
 * OSC sequences with which a guest could act beyond its own screen: titles, icons, the working folder, links, fonts,
 * notifications, the clipboard, shell integration. The palette (4, 104) and text colours remain.
 */
const ignoredOsc = [0, 1, 2, 7, 8, 9, 50, 52, 99, 133, 633, 777, 1337];

/** Disables escape sequences with which a guest could act beyond its screen. Call it before the first write. */
export function restrainEmulator(terminal: Pick<Terminal, 'parser' | 'cols' | 'rows'>): void {
  ignoreHugeCounts(terminal);
  for (const number of ignoredOsc) terminal.parser.registerOscHandler(number, () => true);
  // Window operations: moving, resizing, the title stack, and reports about them.
  terminal.parser.registerCsiHandler({ final: 't' }, () => true);
}

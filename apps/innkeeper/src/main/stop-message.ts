import type { UnfinishedPart } from './stop-stack.ts';

/** The last lines of a stopping daemon: VMs that keep running, and parts that did not stop in time. */
export function stopMessage(names: readonly string[], unfinished: readonly UnfinishedPart[] = []): string {
  const late = unfinished.map(({ name, lost }) => `Not stopped in time: ${name}. Lost: ${lost}.\n`).join('');
  return late + stoppedLine(names);
}

function stoppedLine(names: readonly string[]): string {
  if (names.length === 0) return 'innkeeper stopped; no VM is running.\n';
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  return `innkeeper stopped. ${names.length} VM${names.length === 1 ? ' keeps' : 's keep'} running: ${shown}.\nTo stop one, start the daemon again and run "inn stop NAME".\n`;
}

/** What a daemon says that leaves these VMs running. */
export function farewell(names: readonly string[]): string {
  if (names.length === 0) return 'innkeeper stopped; no VM runs.\n';
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  return `innkeeper stopped. ${names.length} VM${names.length === 1 ? ' keeps' : 's keep'} running: ${shown}. To stop one, start the daemon again and run "inn stop NAME".\n`;
}

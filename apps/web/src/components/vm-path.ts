/** The address of a VM's page, or of one of its tabs. */
export function vmPath(name: string, tab?: string): string {
  return `/vms/${encodeURIComponent(name)}${tab === undefined ? '' : `/${tab}`}`;
}

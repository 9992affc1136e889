/** The address of a run's page; `vm` is the target whose output is shown. */
export function runPath(id: string, vm?: string): string {
  return `/runs/${encodeURIComponent(id)}${vm === undefined ? '' : `?vm=${encodeURIComponent(vm)}`}`;
}

export interface NewRun {
  /** VM names. */
  readonly vms?: readonly string[];
  readonly filter?: string;
  /** Id of a run from which to copy command, options and targets. */
  readonly again?: string;
}

/** The address of the page that starts a run. */
export function newRunPath({ vms = [], filter = '', again }: NewRun = {}): string {
  const parameters = new URLSearchParams(vms.map((vm) => ['vm', vm]));
  if (filter !== '') parameters.set('filter', filter);
  if (again !== undefined) parameters.set('again', again);
  return parameters.size === 0 ? '/runs/new' : `/runs/new?${parameters}`;
}
